using Freshet.Core.Consistency;
using Freshet.Server.Demo;
using Freshet.Tests.Integration.Wire;
using Xunit;

namespace Freshet.Tests.Integration.Caching;

/// <summary>
/// One address that leads to a primary, and then to another server: a standby that lags, or the promoted standby while
/// the old primary goes on and still answers the feed. Nothing may be served or stored then that only the feed's server
/// vouches for.
/// </summary>
public sealed class PrimaryAgreementTests : IAsyncLifetime
{
    private const string Read = "select n from item where id = 1";

    private PrivatePostgres _primary = null!;
    private PrivatePostgres _standby = null!;
    private ServerRelay _address = null!;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        _primary = await TrustingPostgres.StartAsync();
        using var admin = WireClient.Connect(_primary.Host, _primary.Port).Login("wire", "postgres");
        admin.Query("create database item");
        using var client = Direct(_primary);
        client.Query("create table item(id int primary key, n int); insert into item values (1, 0), (2, 0)");
        _standby = await TrustingPostgres.StartAsync(standbyOf: _primary);
        _address = new ServerRelay(_primary.Port, _ => new PassingFilter());
    }

    public async ValueTask DisposeAsync()
    {
        _address.Dispose();
        await _standby.DisposeAsync();
        await _primary.DisposeAsync();
    }

    [Fact]
    public async Task A_session_sees_its_commit_on_the_new_primary_though_the_old_one_answers_the_feed()
    {
        await using var host = new CachingHost(_address.Port, "item");
        await host.UntilLiveAsync();
        await UntilHitAsync(host, host.Client());
        using var keepsOld = Occupy(host);

        await LeadToPromotedAsync();
        var client = host.Client();
        for (var n = 1; n <= 20; n++)
        {
            client.Query($"update item set n = {n} where id = 1");
            Assert.Equal($"{n}", client.Query(Read));
        }

        // The old primary's connection goes with its transaction, the feed moves, and all is as before.
        keepsOld.Query("rollback");
        await UntilHitAsync(host, client);
        using var elsewhere = Direct(_standby);
        elsewhere.Query("update item set n = 100 where id = 1");
        await CachedScene.UntilAsync(() => Task.FromResult(client.Query(Read) is "100"));
    }

    [Fact]
    public async Task A_standby_that_lags_fills_nothing()
    {
        await using var host = new CachingHost(_address.Port, "item");
        await host.UntilLiveAsync();
        await UntilHitAsync(host, host.Client());
        using var keepsPrimary = Occupy(host);

        using var standby = Direct(_standby);
        standby.Query("select pg_wal_replay_pause()");
        using var writer = Direct(_primary);
        writer.Query("update item set n = 1 where id = 1");
        Assert.True(Lsn.TryParse(writer.Query("select pg_current_wal_insert_lsn()"), out var written));
        await CachedScene.UntilAsync(() => Task.FromResult(host.Freshness.Position >= written));
        _address.ServerPort = _standby.Port;
        var client = host.Client();
        Assert.Equal("0", client.Query(Read)); // what the address gives
        var (hits, stored) = (host.Hits, host.Stored);
        for (var round = 0; round < 20; round++)
        {
            Assert.Equal("0", client.Query(Read));
            await Task.Delay(10, Cancellation);
        }

        Assert.Equal((hits, stored), (host.Hits, host.Stored));
        Assert.False(host.Freshness.IsLive);
    }

    /// <summary>Holds the pool's connections to the old server: the next client needs a new one.</summary>
    private static WireClient Occupy(CachingHost host)
    {
        var client = host.Client();
        client.Query("begin");
        client.Query("select 1");
        return client;
    }

    private async Task LeadToPromotedAsync()
    {
        using var standby = Direct(_standby);
        standby.Query("select pg_promote()");
        await CachedScene.UntilAsync(() => Task.FromResult(standby.Query("select pg_is_in_recovery()") is "f"));
        _address.ServerPort = _standby.Port;
    }

    private static Task UntilHitAsync(CachingHost host, WireClient client) =>
        CachedScene.UntilAsync(() =>
        {
            var before = host.Hits;
            client.Query(Read);
            return Task.FromResult(host.Hits > before);
        });

    private static WireClient Direct(PrivatePostgres server) =>
        WireClient.Connect(server.Host, server.Port).Login("wire", "item");

    private sealed class PassingFilter : RelayFilter
    {
        public override void Answer(byte[] bytes, Action<byte[]> send) => send(bytes);
    }
}
