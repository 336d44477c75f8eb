namespace Freshet.Server.Demo.Sample;

/// <summary>Live scores: many read the same few games, and every goal is a write.</summary>
internal static class LiveScores
{
    public const int Leagues = 40;
    public const int Teams = 800;
    public const int Players = 16_000;
    public const int Games = 16_000;
    public const int Events = 80_000;
    public const int Days = 400;

    public static SampleApplication Application { get; } = new(
        "live scores",
        Leagues + Teams + Players + Games + Events,
        """
        CREATE SCHEMA scores;
        CREATE TABLE scores.leagues (id int, name text, country text);
        CREATE TABLE scores.teams (id int, league_id int, name text);
        CREATE TABLE scores.players (id int, team_id int, name text, goals int);
        CREATE TABLE scores.games (
            id int, league_id int, home_id int, away_id int, day date, home_goals int, away_goals int);
        CREATE SEQUENCE scores.events_id;
        CREATE TABLE scores.events (
            id bigint DEFAULT nextval('scores.events_id'), game_id int, player_id int, minute int, kind text);
        """,
        $"""
        INSERT INTO scores.leagues SELECT i, 'League ' || i, 'Country ' || (1 + sample.pick(i, 41, 20))
            FROM generate_series(1, {Leagues}) i;
        INSERT INTO scores.teams SELECT i, 1 + (i - 1) % {Leagues}, 'Team ' || i FROM generate_series(1, {Teams}) i;
        INSERT INTO scores.players SELECT i, 1 + (i - 1) % {Teams}, 'Player ' || i, sample.pick(i, 42, 30)
            FROM generate_series(1, {Players}) i;
        INSERT INTO scores.games SELECT i, 1 + (h - 1) % {Leagues}, h, 1 + (h - 1 + {Leagues}) % {Teams},
            date '2026-01-01' + (i - 1) % {Days}, sample.pick(i, 43, 5), sample.pick(i, 44, 4)
            FROM (SELECT i, 1 + sample.pick(i, 45, {Teams}) AS h FROM generate_series(1, {Games}) i) g;
        INSERT INTO scores.events SELECT nextval('scores.events_id'), 1 + sample.pick(i, 46, {Games}),
            1 + sample.pick(i, 47, {Players}), 1 + sample.pick(i, 48, 90),
            (ARRAY['goal', 'yellow card', 'red card', 'substitution'])[1 + sample.pick(i, 49, 4)]
            FROM generate_series(1, {Events}) i;
        """,
        """
        ALTER TABLE scores.leagues ADD PRIMARY KEY (id);
        ALTER TABLE scores.teams ADD PRIMARY KEY (id), ADD FOREIGN KEY (league_id) REFERENCES scores.leagues;
        ALTER TABLE scores.players ADD PRIMARY KEY (id), ADD FOREIGN KEY (team_id) REFERENCES scores.teams;
        ALTER TABLE scores.games ADD PRIMARY KEY (id), ADD FOREIGN KEY (league_id) REFERENCES scores.leagues,
            ADD FOREIGN KEY (home_id) REFERENCES scores.teams, ADD FOREIGN KEY (away_id) REFERENCES scores.teams;
        ALTER TABLE scores.events ADD PRIMARY KEY (id), ADD FOREIGN KEY (game_id) REFERENCES scores.games,
            ADD FOREIGN KEY (player_id) REFERENCES scores.players;
        CREATE INDEX ON scores.teams (league_id);
        CREATE INDEX ON scores.players (team_id);
        CREATE INDEX ON scores.games (day, league_id);
        CREATE INDEX ON scores.games (league_id);
        CREATE INDEX ON scores.events (game_id, minute);
        ANALYZE scores.leagues, scores.teams, scores.players, scores.games, scores.events;
        """,
        [(35, ShowGame), (25, ListDay), (20, ListEvents), (10, ListTopScorers), (10, Score)]);

    private static SampleRequest ShowGame(SeededRandom random) => SampleRequest.Of(
        "scores: show a game",
        new SampleStatement(
            "SELECT g.id, h.name, a.name, g.home_goals, g.away_goals FROM scores.games g "
            + "JOIN scores.teams h ON h.id = g.home_id JOIN scores.teams a ON a.id = g.away_id WHERE g.id = $1",
            Game(random)));

    private static SampleRequest ListDay(SeededRandom random) => SampleRequest.Of(
        "scores: games of a day",
        new SampleStatement(
            "SELECT g.id, l.name, h.name, a.name, g.home_goals, g.away_goals FROM scores.games g "
            + "JOIN scores.leagues l ON l.id = g.league_id JOIN scores.teams h ON h.id = g.home_id "
            + "JOIN scores.teams a ON a.id = g.away_id WHERE g.day = $1 ORDER BY l.name, g.id LIMIT 40",
            new DateOnly(2026, 1, 1).AddDays(random.PopularId(Days) - 1).ToString("yyyy-MM-dd")));

    private static SampleRequest ListEvents(SeededRandom random) => SampleRequest.Of(
        "scores: events of a game",
        new SampleStatement(
            "SELECT e.minute, e.kind, p.name FROM scores.events e JOIN scores.players p ON p.id = e.player_id "
            + "WHERE e.game_id = $1 ORDER BY e.minute DESC, e.id DESC LIMIT 20",
            Game(random)));

    private static SampleRequest ListTopScorers(SeededRandom random) => SampleRequest.Of(
        "scores: top scorers of a team",
        new SampleStatement(
            "SELECT name, goals FROM scores.players WHERE team_id = $1 ORDER BY goals DESC, name LIMIT 5",
            $"{random.PopularId(Teams)}"));

    private static SampleRequest Score(SeededRandom random)
    {
        var game = Game(random);
        return SampleRequest.Of(
            "scores: goal",
            new SampleStatement("UPDATE scores.games SET home_goals = home_goals + 1 WHERE id = $1", game),
            new SampleStatement(
                "INSERT INTO scores.events (game_id, player_id, minute, kind) VALUES ($1, $2, $3, 'goal')",
                game,
                $"{1 + random.Below(Players)}",
                $"{1 + random.Below(90)}"));
    }

    private static string Game(SeededRandom random) => $"{random.PopularId(Games)}";
}
