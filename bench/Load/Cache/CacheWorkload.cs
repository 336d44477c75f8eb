namespace Freshet.Bench.Load.Cache;

/// <summary>A script with its share of the transactions.</summary>
internal sealed record WeightedScript(string Name, string Sql, int Weight);

/// <summary>What the clients of a cell do. All statements are on pgbench's tables, but the writes of the mixed traffic,
/// which go to a table of their own that nobody reads.</summary>
/// <param name="SamplingRate">Share of transactions whose latency pgbench writes down.</param>
internal sealed record CacheWorkload(string Name, IReadOnlyList<WeightedScript> Scripts, double SamplingRate)
{
    public const string Hit = "hot read";
    public const string Other = "uncacheable read";
    public const string Write = "write";

    /// <summary>Of <see cref="LatencyProbe"/>.</summary>
    public const string WriteInARow = "write in a row";

    /// <summary>Rows of the table that is written: one for each client, so that nobody waits for a lock.</summary>
    public const int SideRows = 1_000;

    public const string CreateSide = """
        CREATE TABLE side (id int PRIMARY KEY, n int NOT NULL DEFAULT 0);
        INSERT INTO side SELECT i FROM pg_catalog.generate_series(0, 999) AS i;
        """;

    /// <summary>For <see cref="LatencyProbe"/>, which has no variables: the row is put in.</summary>
    public const string HotSql = "SELECT abalance FROM pgbench_accounts WHERE aid = ";

    /// <summary>random() is volatile: no answer holds for the next one.</summary>
    public const string OtherSql = "SELECT tbalance, pg_catalog.random() FROM pgbench_tellers WHERE tid = 1";

    public const string WriteSql = "UPDATE side SET n = n + 1 WHERE id = ";

    public static CacheWorkload Hot(int keys) => new(CacheParts.Hot, [HotScript(keys, 1)], 0.05);

    /// <summary>The chance that two queries of a run are the same is small: a row and a summand out of 10^9.</summary>
    public static CacheWorkload Misses { get; } = new(
        CacheParts.Misses,
        [
            new WeightedScript(
                "unique read",
                """
                \set aid random(1, 100000 * :scale)
                \set summand random(1, 1000000000)
                SELECT abalance + :summand FROM pgbench_accounts WHERE aid = :aid;
                """,
                1),
        ],
        0.1);

    public static CacheWorkload Writes { get; } = new(CacheParts.Writes, [WriteScript(1)], 0.1);

    public static CacheWorkload Mixed(int keys) => new(
        CacheParts.Mixed, [HotScript(keys, 7), new WeightedScript(Other, OtherSql + ";", 2), WriteScript(1)], 0.2);

    private static WeightedScript HotScript(int keys, int weight) => new(
        Hit,
        $"""
        \set aid random(1, {keys})
        {HotSql}:aid;
        """,
        weight);

    private static WeightedScript WriteScript(int weight) => new(Write, WriteSql + ":client_id;", weight);
}
