using Freshet.Server.Proxy.Loop;
using Xunit;

namespace Freshet.Tests.Unit.Proxy.Loop;

public sealed class EventLoopTests : IDisposable
{
    private static readonly TimeSpan s_limit = TimeSpan.FromSeconds(30);

    private readonly PollTable _table = new();
    private readonly ProxyScene.SilentLog _log = new();
    private readonly EventLoop _loop;

    public EventLoopTests() => _loop = new EventLoop(0, _table, _log);

    public void Dispose() => _loop.Dispose();

    /// <summary>Returns when the loop has taken all letters posted so far.</summary>
    private void Settle()
    {
        using var settled = new ManualResetEventSlim();
        _loop.Post(settled.Set);
        Assert.True(settled.Wait(s_limit));
    }

    [Fact]
    public void A_handler_that_throws_is_aborted_and_counted_and_the_loop_goes_on()
    {
        using var sockets = new SocketPair();
        using var healthy = new SocketPair();
        var bad = new Handler(_loop, _table, sockets, _ => throw new InvalidOperationException("defect"));
        using var served = new ManualResetEventSlim();
        var good = new Handler(_loop, _table, healthy, handler =>
        {
            handler.Leave();
            served.Set();
        });
        _loop.Start();

        sockets.Far.Send([1]);
        Assert.True(bad.Aborted.Wait(s_limit));
        healthy.Far.Send([1]);
        Assert.True(served.Wait(s_limit));
        Assert.Equal(1, _loop.BrokenInvariants);
        Assert.Contains(_log.Lines, line => line.Contains("defect", StringComparison.Ordinal));
        Assert.False(good.Aborted.IsSet);
    }

    [Fact]
    public void A_letter_that_throws_is_counted_and_the_next_ones_are_read()
    {
        _loop.Start();
        _loop.Post(static () => throw new InvalidOperationException("bad letter"));
        Settle();
        Assert.Equal(1, _loop.BrokenInvariants);
    }

    [Fact]
    public void A_tick_that_throws_does_not_end_the_loop()
    {
        using var ticked = new ManualResetEventSlim();
        _loop.Tick = _ =>
        {
            ticked.Set();
            throw new InvalidOperationException("bad tick");
        };
        _loop.Start();
        Assert.True(ticked.Wait(s_limit));
        Settle();
        Assert.InRange(_loop.BrokenInvariants, 1, int.MaxValue);
    }

    [Fact]
    public void Letters_run_on_the_loops_thread_in_the_order_of_each_sender()
    {
        List<(int Sender, int Number)> read = [];
        bool elsewhere = false;
        _loop.Start();
        Parallel.For(0, 4, sender =>
        {
            for (int i = 0; i < 5_000; i++)
            {
                int number = i;
                _loop.Post(() =>
                {
                    read.Add((sender, number));
                    elsewhere |= !_loop.IsCurrent;
                });
            }
        });
        Settle();

        Assert.False(elsewhere);
        Assert.Equal(20_000, read.Count);
        Assert.All(read.GroupBy(letter => letter.Sender), ofOne =>
            Assert.Equal(Enumerable.Range(0, 5_000), ofOne.Select(letter => letter.Number)));
    }

    [Fact]
    public void No_letter_waits_for_the_next_one_to_be_read()
    {
        // Ping-pong: each letter is posted when the one before was read, so that one lost wake-up would stop it.
        int read = 0;
        _loop.Start();
        using var turn = new AutoResetEvent(initialState: false);
        for (int i = 0; i < 2_000; i++)
        {
            _loop.Post(() =>
            {
                read++;
                turn.Set();
            });
            Assert.True(turn.WaitOne(s_limit));
        }

        Assert.Equal(2_000, read);
    }

    [Fact]
    public void Whoever_asks_to_be_called_again_is_called_again_in_this_round()
    {
        using var sockets = new SocketPair();
        using var done = new ManualResetEventSlim();
        int calls = 0;
        _ = new Handler(_loop, _table, sockets, handler =>
        {
            if (++calls == 1)
            {
                handler.Leave();
            }

            if (calls < 3)
            {
                _loop.CallAgain(handler);
            }
            else
            {
                done.Set();
            }
        });
        _loop.Start();
        sockets.Far.Send([1]);
        Assert.True(done.Wait(s_limit));
        Assert.Equal(3, calls);
    }

    [Fact]
    public void Disposing_twice_or_before_the_start_is_harmless()
    {
        _loop.Dispose();
        _loop.Dispose();
        Assert.False(_loop.IsCurrent);
    }

    private sealed class Handler : IPollHandler
    {
        private readonly EventLoop _loop;
        private readonly PollTable _table;
        private readonly SocketPair _sockets;
        private readonly Action<Handler> _serve;
        private readonly ulong _id;

        public Handler(EventLoop loop, PollTable table, SocketPair sockets, Action<Handler> serve)
        {
            _loop = loop;
            _table = table;
            _sockets = sockets;
            _serve = serve;
            _id = table.Register(this);
            loop.Control(Native.EpollCtlAdd, sockets.Descriptor, Native.EpollIn, _id);
        }

        public ManualResetEventSlim Aborted { get; } = new();

        public void Leave()
        {
            _loop.Remove(_sockets.Descriptor);
            _table.Unregister(_id);
        }

        public void OnReady(EventLoop loop, uint events) => _serve(this);

        public void Abort(string reason)
        {
            Leave();
            Aborted.Set();
        }
    }
}
