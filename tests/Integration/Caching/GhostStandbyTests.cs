using Freshet.Core.Consistency;
using Freshet.Server.Demo;
using Freshet.Tests.Integration.Wire;
using Xunit;

namespace Freshet.Tests.Integration.Caching;

/// <summary>
/// The trap held open: a synchronous standby that does not exist keeps a commit from becoming visible, though the
/// stream
/// has told it already. What is read in that window is the old state, and must not be kept as the new one.
/// </summary>
public sealed class GhostStandbyTests : IAsyncLifetime
{
    private const string Read = "select n from item where id = 1";

    private PrivatePostgres _postgres = null!;

    public async ValueTask InitializeAsync()
    {
        _postgres = await TrustingPostgres.StartAsync();
        using var admin = WireClient.Connect(_postgres.Host, _postgres.Port).Login("wire", "postgres");
        admin.Query("create database ghost");
        using var client = Direct();
        client.Query("create table item(id int primary key, n int); insert into item values (1, 0), (2, 0)");
    }

    public async ValueTask DisposeAsync() => await _postgres.DisposeAsync();

    [Fact]
    public async Task A_commit_that_is_streamed_but_not_visible_is_not_cached_under_its_version()
    {
        await using var host = new CachingHost(_postgres, "ghost");
        Assert.Equal("1", await ReadAroundTheWindowAsync(host));
    }

    /// <summary>Shows that the test above sees the trap.</summary>
    [Fact]
    public async Task Without_confirmation_the_old_value_stays_for_ever()
    {
        await using var host = new CachingHost(_postgres, "ghost");
        await host.UntilLiveAsync();
        host.Freshness.Failpoints = ConsistencyFailpoints.ConfirmAtOnce;
        Assert.Equal("0", await ReadAroundTheWindowAsync(host));
    }

    /// <summary>What the proxy says after the commit has become visible to everybody.</summary>
    private async Task<string?> ReadAroundTheWindowAsync(CachingHost host)
    {
        await host.UntilLiveAsync();
        using var admin = Direct();
        admin.Query("set synchronous_commit = local");
        admin.Query("alter system set synchronous_standby_names = 'ghost'");
        admin.Query("select pg_reload_conf()");
        using var writer = Direct();
        await CachedScene.UntilAsync(() => Task.FromResult(
            writer.Query("show synchronous_standby_names") is "ghost"));
        writer.Send(Frontend.Query("update item set n = 1 where id = 1"));
        await CachedScene.UntilAsync(() => Task.FromResult(host.Freshness.PendingCommits > 0));

        // The window: the stream has passed the commit, and nobody sees it.
        var reader = host.Client();
        var stored = host.Stored;
        for (var i = 0; i < 50; i++)
        {
            Assert.Equal("0", reader.Query(Read));
            await Task.Delay(2, TestContext.Current.CancellationToken);
        }

        admin.Query("alter system reset synchronous_standby_names");
        admin.Query("select pg_reload_conf()");
        writer.ReadUntilReady();
        Assert.Equal("1", admin.Query(Read));
        var seen = host.Client().Query(Read);
        Assert.True(host.Stored >= stored);
        return seen;
    }

    private WireClient Direct() =>
        WireClient.Connect(_postgres.Host, _postgres.Port).Login("wire", "ghost");
}
