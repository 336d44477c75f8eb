namespace Freshet.Server.Health;

/// <summary>The result of one check; names as in <c>application/health+json</c>.</summary>
internal enum CheckStatus
{
    Pass,
    Warn,
    Fail,
}

/// <summary>Of the whole, in ASP.NET Core's words. Only the last one is answered with 503.</summary>
internal enum HealthStatus
{
    Healthy,
    Degraded,
    Unhealthy,
}

/// <summary>How many of the database servers must be down for <see cref="HealthStatus.Unhealthy"/>.</summary>
internal enum UnhealthyWhenDown
{
    /// <summary>All of them: clients of the others are served. The default.</summary>
    All,

    /// <summary>One is enough.</summary>
    Any,

    /// <summary>The proxy's own state alone decides, and servers are not asked.</summary>
    None,
}
