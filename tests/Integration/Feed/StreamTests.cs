using Freshet.Core.Consistency;
using Freshet.Server.Feed;
using Xunit;

namespace Freshet.Tests.Integration.Feed;

/// <summary>What commits do to the versions, on a real server.</summary>
[Collection(nameof(FeedPostgresCollection))]
public sealed class StreamTests(FeedPostgres server)
{
    private const string Player = "CREATE TABLE player (id int PRIMARY KEY, name text)";

    [Fact]
    public async Task A_commit_moves_its_tables_version_and_no_other()
    {
        await using FeedScene scene = await FeedScene.StartLiveAsync(
            server, null, Player, "CREATE TABLE team (id int PRIMARY KEY, name text)");
        TableVersion player = await scene.TrackedAsync("player");
        TableVersion team = await scene.TrackedAsync("team");
        var (before, teamBefore) = (player.Any.Version, team.Any.Version);

        await scene.ExecuteAsync("INSERT INTO player VALUES (1, 'a')");
        await scene.CaughtUpAsync();
        Assert.True(player.Any.Version > before);
        Assert.Equal(teamBefore, team.Any.Version);
        await scene.UntilAsync(() => player.Any.IsConfirmed);
        Assert.Equal(0, scene.Feed.Status.Reconnects);
    }
}
