using Freshet.Server.Proxy.Settings;

namespace Freshet.Tests.Integration.Servers;

/// <summary>How a proxy of the tests is started.</summary>
/// <param name="Server">The server behind it, with the role that the proxy logs in as.</param>
internal sealed record ProxyOptions(Endpoint Server)
{
    public PoolMode Mode { get; init; } = PoolMode.Transaction;

    public int PoolSize { get; init; } = 5;

    /// <summary>As the command line writes it. The wire client knows trust only.</summary>
    public string Auth { get; init; } = "trust";

    /// <summary>The cache's mode; most tests are about the relay. Empty: as the configuration says.</summary>
    public string Cache { get; init; } = "off";

    /// <summary>Further arguments of <c>freshet up</c>.</summary>
    public IReadOnlyList<string> Arguments { get; init; } = [];

    /// <summary>Content of a freshet.json; null: the command line says it all.</summary>
    public string? Configuration { get; init; }

    /// <summary>Most open files of the process; null: as many as this one may have.</summary>
    public int? OpenFiles { get; init; }
}
