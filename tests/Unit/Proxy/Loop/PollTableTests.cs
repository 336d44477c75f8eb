using Freshet.Server.Proxy.Loop;
using Xunit;

namespace Freshet.Tests.Unit.Proxy.Loop;

public sealed class PollTableTests
{
    [Fact]
    public void A_handler_is_found_by_its_number_until_it_leaves()
    {
        var table = new PollTable();
        var one = new Tenant();
        ulong id = table.Register(one);
        Assert.NotEqual(0UL, id);
        Assert.Same(one, table.Find(id));
        table.Unregister(id);
        Assert.Null(table.Find(id));
    }

    [Fact]
    public void A_stale_number_never_finds_or_evicts_the_next_tenant()
    {
        var table = new PollTable();
        ulong old = table.Register(new Tenant());
        table.Unregister(old);
        var next = new Tenant();
        ulong id = table.Register(next);
        Assert.Equal((uint)old, (uint)id); // the same slot
        Assert.Null(table.Find(old));
        table.Unregister(old);
        table.Unregister(0);
        Assert.Same(next, table.Find(id));
    }

    [Fact]
    public void It_grows_and_knows_everybody()
    {
        var table = new PollTable();
        ulong[] ids = [.. Enumerable.Range(0, 5_000).Select(_ => table.Register(new Tenant()))];
        Assert.Equal(5_000, table.All().Distinct().Count());
        Assert.Equal(5_000, ids.Distinct().Count());
        Assert.All(ids, id => Assert.NotNull(table.Find(id)));
        Array.ForEach(ids, table.Unregister);
        Assert.Empty(table.All());
    }

    [Fact]
    public void Under_concurrent_change_a_number_finds_its_own_tenant_or_nobody()
    {
        const int Threads = 4;
        var table = new PollTable();
        ulong[] published = new ulong[Threads];
        long wrong = 0;
        using var barrier = new Barrier(Threads);
        Thread[] threads = [.. Enumerable.Range(0, Threads).Select(index => new Thread(() =>
        {
            barrier.SignalAndWait();
            for (int round = 0; round < 30_000; round++)
            {
                var tenant = new Tenant();
                ulong id = table.Register(tenant);
                tenant.Id = id;
                Volatile.Write(ref published[index], id);
                if (!ReferenceEquals(table.Find(id), tenant))
                {
                    Interlocked.Increment(ref wrong);
                }

                // Somebody else's number, which may be stale by now.
                ulong other = Volatile.Read(ref published[(index + 1) % Threads]);
                if (other != 0 && table.Find(other) is Tenant seen)
                {
                    ulong truth = Volatile.Read(ref seen.Id);
                    if (truth != 0 && truth != other)
                    {
                        Interlocked.Increment(ref wrong);
                    }
                }

                table.Unregister(id);
                if (table.Find(id) is not null)
                {
                    Interlocked.Increment(ref wrong);
                }
            }
        }))];
        Array.ForEach(threads, thread => thread.Start());
        Array.ForEach(threads, thread => thread.Join());

        Assert.Equal(0, wrong);
        Assert.Empty(table.All());
    }

    private sealed class Tenant : IPollHandler
    {
        public ulong Id;

        public void OnReady(EventLoop loop, uint events) { }

        public void Abort(string reason) { }
    }
}
