using Freshet.Core.Wire;
using Freshet.Server.Proxy.Settings;
using Xunit;

namespace Freshet.Tests.Unit.Proxy;

/// <summary>A warmed-up loop allocates nothing, whatever it relays: counted, not timed.</summary>
public sealed class ZeroAllocationTests
{
    private const int Rounds = 400;

    private static readonly byte[] s_prepare = new MessageWriter()
        .Begin(FrontendMessage.Parse).CString("a").CString("select $1").Int16(0).End()
        .Begin(FrontendMessage.Sync).End().ToArray();

    private static readonly byte[] s_describe = new MessageWriter()
        .Begin(FrontendMessage.Describe).Byte((byte)'S').CString("a").End()
        .Begin(FrontendMessage.Sync).End().ToArray();

    private static readonly byte[] s_unnamed = new MessageWriter()
        .Begin(FrontendMessage.Parse).CString("").CString("select $1").Int16(0).End()
        .Begin(FrontendMessage.Bind).CString("").CString("").Int16(0).Int16(0).Int16(0).End()
        .Begin(FrontendMessage.Describe).Byte((byte)'P').CString("").End()
        .Begin(FrontendMessage.Execute).CString("").Int32(0).End()
        .Begin(FrontendMessage.Sync).End().ToArray();

    private static byte[] Query(string sql) =>
        new MessageWriter().Begin(FrontendMessage.Query).CString(sql).End().ToArray();

    private static byte[] Execute(int times)
    {
        var writer = new MessageWriter();
        for (int i = 0; i < times; i++)
        {
            writer.Begin(FrontendMessage.Bind).CString("").CString("a").Int16(0).Int16(1).Int32(2).Bytes("42"u8)
                .Int16(0).End()
                .Begin(FrontendMessage.Describe).Byte((byte)'P').CString("").End()
                .Begin(FrontendMessage.Execute).CString("").Int32(0).End()
                .Begin(FrontendMessage.Sync).End();
        }

        return writer.ToArray();
    }

    [Fact]
    public void Reading_the_count_itself_costs_nothing() => AssertNothingAllocated(PoolMode.Transaction, [], 0);

    [Theory]
    [InlineData((int)PoolMode.Transaction)]
    [InlineData((int)PoolMode.Session)]
    public void Simple_queries_allocate_nothing(int mode) =>
        AssertNothingAllocated((PoolMode)mode, Query("select abalance from accounts where aid = 4711"), 1);

    [Theory]
    [InlineData((int)PoolMode.Transaction)]
    [InlineData((int)PoolMode.Session)]
    public void Executing_a_prepared_statement_allocates_nothing(int mode) =>
        AssertNothingAllocated((PoolMode)mode, Execute(1), 1);

    [Fact]
    public void A_pipeline_of_prepared_statements_allocates_nothing() =>
        AssertNothingAllocated(PoolMode.Transaction, Execute(20), 20);

    [Fact]
    public void Unnamed_statements_allocate_nothing() => AssertNothingAllocated(PoolMode.Transaction, s_unnamed, 1);

    [Fact]
    public void Describing_a_prepared_statement_allocates_nothing() =>
        AssertNothingAllocated(PoolMode.Transaction, s_describe, 1);

    [Fact]
    public void Clients_that_wait_for_the_only_server_connection_allocate_nothing()
    {
        using var proxy = new LoopbackProxy(new PoolSnapshot { Size = 1 });
        RawClient[] clients = [.. Enumerable.Range(0, 8).Select(_ => new RawClient(proxy.Port))];
        byte[] query = Query("select 1");

        AssertNothingAllocated(proxy, () =>
        {
            Array.ForEach(clients, client => client.Send(query));
            Array.ForEach(clients, client => client.AwaitReady(1));
        });
        Assert.Equal(1, proxy.ServerConnections);
        Array.ForEach(clients, client => client.Dispose());
    }

    [Fact]
    public void Nothing_stays_lent_when_nothing_is_in_flight()
    {
        using var proxy = new LoopbackProxy(new PoolSnapshot());
        using var client = new RawClient(proxy.Port);
        client.Ask(Query("select '" + new string('x', 200_000) + "'"), 1);
        client.Ask(Query("select 1"), 1);
        _ = proxy.AllocatedBytes();
        Assert.Equal(0, proxy.Loop.Buffers.LentBytes);
        Assert.Equal(0, proxy.Loop.BrokenInvariants);
    }

    private static void AssertNothingAllocated(PoolMode mode, byte[] request, int readies)
    {
        using var proxy = new LoopbackProxy(new PoolSnapshot { Mode = mode });
        using var client = new RawClient(proxy.Port);
        client.Ask(s_prepare, 1);
        AssertNothingAllocated(proxy, () => client.Ask(request, readies));
        Assert.Equal(0, proxy.Loop.BrokenInvariants);
    }

    /// <summary>A first time of anything may allocate, and on a busy machine bytes may come in pieces for the first
    /// time late: what each message cost would show in every attempt.</summary>
    private static void AssertNothingAllocated(LoopbackProxy proxy, Action exchange)
    {
        long allocated = long.MaxValue;
        for (int attempt = 0; attempt < 5 && allocated > 0; attempt++)
        {
            long before = proxy.AllocatedBytes();
            for (int round = 0; round < Rounds; round++)
            {
                exchange();
            }

            allocated = proxy.AllocatedBytes() - before;
        }

        Assert.Equal(0, allocated);
    }
}
