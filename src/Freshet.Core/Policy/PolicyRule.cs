namespace Freshet.Core.Policy;

/// <summary>One entry of <c>cache.rules</c>: which results it is for, and how they are cached. Every condition that is
/// not null must hold.</summary>
internal sealed record PolicyRule
{
    /// <summary>As explain says it, <c>rule 2 of database shop</c>.</summary>
    public required string Name { get; init; }

    /// <summary>The user that the client logged in as.</summary>
    public string? User { get; init; }

    /// <summary>The session's <c>application_name</c>; empty: it has set none.</summary>
    public string? Application { get; init; }

    /// <summary>A table, with or without its schema: the statement depends on it or on a part of it.</summary>
    public string? Table { get; init; }

    /// <summary>See <see cref="Sql.Analysis.StatementFacts.Fingerprint"/>.</summary>
    public ulong? Fingerprint { get; init; }

    /// <summary>A profile's name; what the rule says itself goes before it.</summary>
    public string? Profile { get; init; }

    public PolicyValues Values { get; init; } = new();

    /// <summary>It holds for every statement of the clients that it is for.</summary>
    public bool IsForAllStatements => Table is null && Fingerprint is null;

    public bool IsFor(string user, string application) =>
        (User is null || string.Equals(User, user, StringComparison.Ordinal))
        && (Application is null || string.Equals(Application, application, StringComparison.Ordinal));
}
