using System.Collections.Immutable;
using System.Globalization;
using System.Reflection;

namespace Freshet.Server.Configuration;

/// <summary>Lists every setting in effect with its source, for <c>freshet config show</c>. Global settings appear with
/// their defaults, those of single databases and users only where they are set. The properties of the options are the
/// keys, so that none can be forgotten.</summary>
internal static class EffectiveSettings
{
    private static readonly string[] SecretKeys = ["password", "verifier", "httpToken"];

    public static ImmutableArray<EffectiveSetting> List(
        FreshetOptions options,
        FreshetConfiguration configuration,
        SettingReading reading
    )
    {
        var proxy = configuration.Proxy;
        var serverTls = options.ServerTls with { Mode = options.ServerTls.Mode ?? Proxy.Settings.TlsMode.Prefer };
        var effective = options with
        {
            Listen = [.. proxy.Listen.Select(listen => listen.ToString())],
            Http = configuration.Http?.ToString() ?? "off",
            Threads = proxy.Threads,
            Auth = proxy.Auth,
            Insecure = options.Insecure ?? false,
            Logs = configuration.Logs,
            LogLevel = configuration.LogLevel,
            Tls = options.Tls with { Mode = proxy.ClientTls.Mode },
            ServerTls = serverTls,
            MaxClientConnections = proxy.MaxClientConnections,
            ClientLoginTimeout = proxy.ClientLoginTimeout,
            ClientIdleTimeout = proxy.ClientIdleTimeout,
            DrainTimeout = proxy.DrainTimeout,
            MaxSharedStatementSize = proxy.MaxSharedStatementBytes,
            StatementCacheSize = proxy.StatementCacheBytes,
            MaxClientPreparedStatements = proxy.MaxClientPreparedStatements,
            Cache = CacheOptions.From(options.Cache.ToSnapshot(new Proxy.Settings.DatabaseCacheSnapshot())) with
            {
                Rules = options.Cache.Rules,
            },
            CacheSize = proxy.Cache.SizeBytes,
            MaxCachedResultSize = proxy.Cache.MaxResultBytes,
        };
        var settings = ImmutableArray.CreateBuilder<EffectiveSetting>();
        Add(effective, "", reading, settings);
        Add(options.Pool.ToSnapshot(new()), "pool", reading, settings);
        return [.. settings.OrderBy(setting => setting.Key.Contains('.', StringComparison.Ordinal))];
    }

    private static void Add(
        object section,
        string path,
        SettingReading reading,
        ImmutableArray<EffectiveSetting>.Builder settings
    )
    {
        foreach (var property in section.GetType().GetProperties(BindingFlags.Public | BindingFlags.Instance))
        {
            var key = SettingNames.Key(property.Name);
            var keyPath = path.Length == 0 ? key : $"{path}.{key}";
            switch (property.GetValue(section))
            {
                case null:
                    break;
                // The global pool is listed from the snapshot, with its defaults.
                case PoolOptions when path.Length == 0:
                    break;
                case TlsOptions or PoolOptions or CacheOptions:
                    Add(property.GetValue(section)!, keyPath, reading, settings);
                    break;
                case IReadOnlyList<(string Name, DatabaseOptions Options)> databases:
                    foreach (var (name, options) in databases)
                        Add(options, $"{keyPath}.{name}", reading, settings);
                    break;
                case IReadOnlyList<(string Name, UserOptions Options)> users:
                    foreach (var (name, options) in users)
                        Add(options, $"{keyPath}.{name}", reading, settings);
                    break;
                case IReadOnlyList<(string Name, ProfileOptions Options)> profiles:
                    foreach (var (name, options) in profiles)
                        Add(options, $"{keyPath}.{name}", reading, settings);
                    break;
                case IReadOnlyList<RuleOptions> rules:
                    foreach (var (rule, index) in rules.Select((rule, index) => (rule, index)))
                        Add(rule, $"{keyPath}.{index + 1}", reading, settings);
                    break;
                case { } value:
                    settings.Add(new(keyPath, Format(key, value), reading.OriginOf(keyPath)));
                    break;
            }
        }
    }

    private static string Format(string key, object value) =>
        value switch
        {
            _ when SecretKeys.Contains(key, StringComparer.Ordinal) => SafeText.Mask,
            string text when string.Equals(key, "url", StringComparison.Ordinal) => SafeText.MaskConnectionString(text),
            string text => SafeText.OneLine(text),
            bool flag => flag ? "true" : "false",
            TimeSpan time => Duration.Format(time),
            long bytes => ByteSize.Format(bytes),
            Enum member => SettingNames.Spell(member.ToString()),
            IReadOnlyList<string> list => string.Join(", ", list),
            _ => Convert.ToString(value, CultureInfo.InvariantCulture)!,
        };
}
