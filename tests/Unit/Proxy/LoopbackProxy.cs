using Freshet.Server.Proxy;
using Freshet.Server.Proxy.Loop;
using Freshet.Server.Proxy.Settings;

namespace Freshet.Tests.Unit.Proxy;

/// <summary>The whole data plane on one loop and a free loopback port, in front of an <see cref="AnsweringServer"/>,
/// but without the tick: what its thread allocates is what the messages cost.</summary>
internal sealed class LoopbackProxy : IDisposable
{
    private static readonly TimeSpan s_limit = TimeSpan.FromSeconds(30);

    private readonly AnsweringServer _server = new();
    private readonly Listener _listener;

    public LoopbackProxy(PoolSnapshot pool)
    {
        State = new ProxyState(ProxyScene.Snapshot(_server.Port, pool), Log);
        _listener = Listener.Open(State, Loop, State.Snapshot.Listen[0]);
        _listener.Start();
        Loop.Start();
    }

    public ProxyState State { get; }

    public ProxyScene.SilentLog Log { get; } = new();

    public EventLoop Loop => State.Loops[0];

    public int Port => _listener.Address.Port;

    public int ServerConnections => _server.Connections;

    /// <summary>Bytes that the loop's thread has ever allocated.</summary>
    public long AllocatedBytes()
    {
        using var read = new ManualResetEventSlim();
        long bytes = 0;
        Loop.Post(() =>
        {
            bytes = GC.GetAllocatedBytesForCurrentThread();
            read.Set();
        });
        if (!read.Wait(s_limit))
        {
            throw new TimeoutException("the loop does not take letters");
        }

        return bytes;
    }

    public void Dispose()
    {
        using var closed = new ManualResetEventSlim();
        Loop.Post(() =>
        {
            _listener.Close();
            foreach (IPollHandler handler in State.Table.All())
            {
                handler.Abort("the test is over");
            }

            closed.Set();
        });
        closed.Wait(s_limit);
        Loop.Dispose();
        _server.Dispose();
    }
}
