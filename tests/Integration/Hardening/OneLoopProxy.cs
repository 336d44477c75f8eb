using System.Collections.Immutable;
using System.Net;
using Freshet.Server.Proxy;
using Freshet.Server.Proxy.Loop;
using Freshet.Server.Proxy.Servers;
using Freshet.Server.Proxy.Settings;
using Freshet.Tests.Integration.Wire;
using Xunit;

namespace Freshet.Tests.Integration.Hardening;

/// <summary>The data plane on one loop inside the test's process, so that a test can hold a part of it still. Each
/// database has a scripted server of its own; clients get in by trust, as <c>wire</c>.</summary>
internal sealed class OneLoopProxy : IDisposable, IProxyLog
{
    private readonly Listener _listener;

    /// <param name="databases">Name and server.</param>
    public OneLoopProxy(params (string Name, ScriptedServer Server)[] databases)
    {
        State = new ProxyState(
            new ProxySnapshot
            {
                Listen = [new ListenAddress(IPAddress.Loopback, 0)],
                Threads = 1,
                Auth = AuthMethod.Trust,
                Databases = databases.ToImmutableDictionary(
                    database => database.Name,
                    database => new DatabaseSnapshot(
                        database.Name, "127.0.0.1", database.Server.Port, null, "wire", "secret",
                        TlsSnapshot.Disabled, new PoolSnapshot { Size = 1 })),
                Users = ImmutableDictionary<string, UserSnapshot>.Empty.Add("wire", new UserSnapshot("wire", null)),
            },
            this);
        _listener = Listener.Open(State, Loop, State.Snapshot.Listen[0]);
        _listener.Start();
        Loop.Start();
    }

    public ProxyState State { get; }

    public EventLoop Loop => State.Loops[0];

    public int OpenServers => State.Table.All().OfType<ServerConnection>().Count();

    public WireClient Connect(string name) => WireClient.Connect("127.0.0.1", _listener.Address.Port, name);

    /// <summary>Takes all of the threads that derive keys, until the result is disposed.</summary>
    public IDisposable HoldKeyDerivation()
    {
        var hold = new Hold();
        for (var turn = 0; turn < KeyDerivation.MostAtOnce; turn++)
        {
            InTurn(hold.Wait);
        }

        hold.AwaitTaken();
        return hold;
    }

    /// <summary>Returns when every derivation begun before is over, and the loop has heard of it.</summary>
    public void AwaitKeyDerivation()
    {
        HoldKeyDerivation().Dispose(); // has all turns at once only when nobody else has one
        using var heard = new ManualResetEventSlim();
        Loop.Post(heard.Set);
        Await(heard);
    }

    public void Write(ProxyLogLevel level, string message) =>
        TestContext.Current.TestOutputHelper?.WriteLine($"{level}: {message}");

    public void Dispose()
    {
        using var closed = new ManualResetEventSlim();
        Loop.Post(() =>
        {
            _listener.Close();
            foreach (var handler in State.Table.All())
            {
                handler.Abort("the test is over");
            }

            closed.Set();
        });
        Await(closed);
        Loop.Dispose();
    }

    private static void Await(ManualResetEventSlim step)
    {
        if (!step.Wait(WireStream.Patience))
        {
            throw new TimeoutException("the loop takes no letters");
        }
    }

    private void InTurn(Action work) =>
        _ = Task.Factory.StartNew(
            work, CancellationToken.None, TaskCreationOptions.DenyChildAttach, State.KeyDerivation.Scheduler);

    private sealed class Hold : IDisposable
    {
        private readonly CountdownEvent _taken = new(KeyDerivation.MostAtOnce);
        private readonly ManualResetEventSlim _released = new();

        public void Wait()
        {
            _taken.Signal();
            _released.Wait();
        }

        public void AwaitTaken()
        {
            if (!_taken.Wait(WireStream.Patience))
            {
                throw new TimeoutException("a derivation of keys does not end");
            }
        }

        public void Dispose() => _released.Set();
    }
}
