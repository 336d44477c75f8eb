namespace Freshet.Server.Proxy.Settings;

/// <summary>One user that may log in.</summary>
/// <param name="Name">The role name.</param>
/// <param name="Secret">What PostgreSQL's <c>pg_authid.rolpassword</c> may hold: a clear-text password,
/// <c>md5…</c> or <c>SCRAM-SHA-256$…</c>; null: no password (only <c>trust</c> and <c>cert</c> let it in). Never
/// printed.</param>
internal sealed record UserSnapshot(string Name, string? Secret)
{
    /// <summary>Overrides the database's mode; null: it does not.</summary>
    public PoolMode? Mode { get; init; }

    /// <summary>Most server connections of this user over all its pools; 0 (default): no limit.</summary>
    public int MaxConnections { get; init; }

    public override string ToString() => $"user \"{Name}\"";
}
