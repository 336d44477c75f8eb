using System.Collections.Immutable;

namespace Freshet.Server.Demo.Sample;

/// <summary>An evening of live scores: many visitors read a few games and teams, and now and then a goal falls. Reads
/// are of one game or team by its key with what belongs to it, as pages of a site are.</summary>
internal static class PopularPages
{
    private const int Games = 200;
    private const int Teams = 50;

    public static ImmutableArray<(int Share, Func<SeededRandom, SampleRequest> Make)> Requests { get; } =
        [(60, ShowGame), (25, ListTopScorers), (13, ShowTeam), (2, Score)];

    private static SampleRequest ShowGame(SeededRandom random) => SampleRequest.Of(
        "evening: show a game",
        new SampleStatement(
            "SELECT g.id, h.name, a.name, g.home_goals, g.away_goals FROM scores.games g "
            + "JOIN scores.teams h ON h.id = g.home_id JOIN scores.teams a ON a.id = g.away_id WHERE g.id = $1",
            $"{random.PopularId(Games)}"));

    private static SampleRequest ListTopScorers(SeededRandom random) => SampleRequest.Of(
        "evening: top scorers of a team",
        new SampleStatement(
            "SELECT name, goals FROM scores.players WHERE team_id = $1 ORDER BY goals DESC, name LIMIT 5",
            $"{random.PopularId(Teams)}"));

    private static SampleRequest ShowTeam(SeededRandom random) => SampleRequest.Of(
        "evening: a team and its league",
        new SampleStatement(
            "SELECT t.name, l.name, l.country, count(p.id), max(p.goals) FROM scores.teams t "
            + "JOIN scores.leagues l ON l.id = t.league_id JOIN scores.players p ON p.team_id = t.id "
            + "WHERE t.id = $1 GROUP BY 1, 2, 3",
            $"{random.PopularId(Teams)}"));

    private static SampleRequest Score(SeededRandom random) => SampleRequest.Of(
        "evening: goal",
        new SampleStatement(
            "UPDATE scores.games SET home_goals = home_goals + 1 WHERE id = $1", $"{random.PopularId(Games)}"));
}
