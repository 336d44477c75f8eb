namespace Freshet.Bench.Load.Cache;

/// <summary>The parts of a cache run, by the names that the command line knows.</summary>
internal static class CacheParts
{
    /// <summary>Hits alone, everybody takes part.</summary>
    public const string Hot = "hot";

    /// <summary>Every query is a new one.</summary>
    public const string Misses = "misses";

    public const string Writes = "writes";

    /// <summary>Sessions that read what is hot, read what cannot be cached, and write.</summary>
    public const string Mixed = "mixed";

    /// <summary>The mixed traffic of one session alone, timed request by request.</summary>
    public const string Session = "session";

    /// <summary>From a commit to the last old answer.</summary>
    public const string Visibility = "visibility";

    /// <summary>What the database keeps of a proxy that was killed.</summary>
    public const string Kill = "kill";

    public static readonly string[] All = [Hot, Misses, Writes, Mixed, Session, Visibility, Kill];
}
