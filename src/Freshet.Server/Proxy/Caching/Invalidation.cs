namespace Freshet.Server.Proxy.Caching;

/// <summary>What an invalidation by hand can name.</summary>
internal enum InvalidationKind
{
    /// <summary>Everything of the database.</summary>
    All,

    /// <summary>Results with this tag, given by a profile or a hint.</summary>
    Tag,

    /// <summary>Results that depend on this table, or on a part of it; with or without its schema.</summary>
    Table,

    /// <summary>Results of this profile.</summary>
    Profile,

    /// <summary>Results whose key (a hint gives it) begins like this.</summary>
    Key,

    /// <summary>Results of the statements with this fingerprint, 16 hexadecimal digits.</summary>
    Fingerprint,
}

/// <summary>Results that are not to be served any more, though no write has been seen: after it none is whose query
/// was sent before it.</summary>
/// <param name="Kind">What <paramref name="Name"/> is.</param>
/// <param name="Name">Empty for all.</param>
internal sealed record Invalidation(InvalidationKind Kind, string Name)
{
    /// <summary>For explain and the log, as <c>tag games</c>.</summary>
    public override string ToString() => $"{Kind.ToString().ToLowerInvariant()} {Name}".TrimEnd();
}

/// <param name="Cause">What was invalidated, as <see cref="Invalidation.ToString"/> says it.</param>
/// <param name="At"><see cref="System.Diagnostics.Stopwatch"/> ticks.</param>
internal sealed record PastInvalidation(string Cause, long At);
