namespace Freshet.Server.Demo;

/// <summary>What the user asked the demo for.</summary>
internal sealed record DemoOptions
{
    /// <summary>Largest number of workers, each of them a thread here and a backend there.</summary>
    public const int MostClients = 2_000;

    public const int LargestPool = 1_000;

    // PostgreSQL's default for max_connections.
    private const int ApplicationConnections = 100;

    // Three are kept for superusers (PostgreSQL's default); ended backends take a moment to leave.
    private const int SpareConnections = 10;

    /// <summary>Seconds of traffic in all. Default 40: long enough for steady numbers on two cores.</summary>
    public double Seconds { get; init; } = 40;

    /// <summary>Workers of the pattern with a connection per visit. Default 200, more than the server allows.</summary>
    public int Clients { get; init; } = 200;

    /// <summary>Freshet's server connections. Default 20, <c>freshet up</c>'s own.</summary>
    public int PoolSize { get; init; } = 20;

    public bool Json { get; init; }

    public bool Keep { get; init; }

    /// <summary>The private server's <c>max_connections</c>: PostgreSQL's default, and what the two Freshets keep open
    /// while the direct side has its turn.</summary>
    public int MaxConnections => ApplicationConnections + (2 * PoolSize) + FeedConnections;

    /// <summary>The caching one's own: stream, pulse, publication, definitions.</summary>
    private const int FeedConnections = 5;

    /// <summary>Workers of the persistent pattern: as many as the server can hold, so that both sides run free of
    /// errors and are compared on speed alone.</summary>
    public int PersistentClients => int.Min(Clients, ApplicationConnections - SpareConnections);

    /// <summary>Each side takes its turn this often under each pattern; alternating evens out what drifts.</summary>
    public int Rounds => int.Clamp((int)(Seconds / 20), 1, 3);

    /// <summary>Three patterns, three sides.</summary>
    public TimeSpan RoundLength => TimeSpan.FromSeconds(Seconds / (9 * Rounds));
}
