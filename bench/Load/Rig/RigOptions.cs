using System.Text.Json.Serialization;

namespace Freshet.Bench.Load.Rig;

/// <summary>What every subcommand needs to set up its servers.</summary>
internal sealed record RigOptions
{
    /// <summary>Server connections of each pooler. Default 20 (PgBouncer's <c>default_pool_size</c>).</summary>
    public int PoolSize { get; init; } = 20;

    /// <summary>pgbench's scale: 100,000 rows (15 MB) each. Default 10: fits any memory.</summary>
    public int Scale { get; init; } = 10;

    /// <summary>Connections that PostgreSQL itself admits, for the direct way.</summary>
    public int ServerConnections { get; init; } = 1_100;

    /// <summary>Client connections that each pooler admits.</summary>
    public int MaxClients { get; init; } = 12_000;

    [JsonIgnore]
    public string PgBouncerProgram { get; init; } = "pgbouncer";

    /// <summary>Null: the Release build of this source tree.</summary>
    [JsonIgnore]
    public string? FreshetProgram { get; init; }

    /// <summary>The names of the parties that take part.</summary>
    public required IReadOnlyList<string> Parties { get; init; }

    public bool Takes(string party) => Parties.Contains(party, StringComparer.Ordinal);
}
