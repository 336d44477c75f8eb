using System.Collections.Immutable;
using System.Net;
using Freshet.Server.Health;
using Freshet.Server.Http;
using Freshet.Server.Proxy;
using Freshet.Server.Proxy.Settings;

namespace Freshet.Server.Configuration;

/// <summary>A configuration that was read whole and found good.</summary>
internal sealed record FreshetConfiguration
{
    public required ProxySnapshot Proxy { get; init; }

    /// <summary>Where health and metrics are served; null: nowhere.</summary>
    public required IPEndPoint? Http { get; init; }

    /// <summary>What requests must show that do something there; null: none is configured.</summary>
    public required HttpToken? HttpToken { get; init; }

    /// <summary>How many servers must be down for /health to say so. Default: all.</summary>
    public UnhealthyWhenDown UnhealthyWhenDown { get; init; }

    public required LogFormat Logs { get; init; }

    public required ProxyLogLevel LogLevel { get; init; }

    /// <summary>The file that was read; null: none.</summary>
    public required string? File { get; init; }

    /// <summary>Things that are allowed and probably not meant.</summary>
    public required ImmutableArray<string> Warnings { get; init; }

    /// <summary>Every effective setting with its source, secrets masked.</summary>
    public required ImmutableArray<EffectiveSetting> Settings { get; init; }

    // The generated text would hold the passwords.
    public override string ToString() => "configuration";
}

/// <param name="Key">As in <c>pool.size</c>.</param>
/// <param name="Value">As the configuration spells it; secrets are masked.</param>
/// <param name="Origin">Where it was set.</param>
internal sealed record EffectiveSetting(string Key, string Value, SettingOrigin Origin);
