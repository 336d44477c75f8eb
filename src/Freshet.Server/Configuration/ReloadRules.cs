namespace Freshet.Server.Configuration;

/// <summary>Which settings a reload cannot change.</summary>
internal static class ReloadRules
{
    /// <summary>The keys that are fixed after the start; the documentation marks the same ones.</summary>
    public static readonly string[] FixedKeys = ["listen", "http", "threads", "logs"];

    /// <summary>One line for each fixed setting that differs from what the process was started with.</summary>
    public static IEnumerable<string> NeedRestart(FreshetConfiguration started, FreshetConfiguration next) =>
        from key in FixedKeys
        let old = Value(started, key)
        let wanted = Value(next, key)
        where !string.Equals(old, wanted, StringComparison.Ordinal)
        select $"{key} is now {wanted}; the running process keeps {old} until it is restarted";

    private static string? Value(FreshetConfiguration configuration, string key) =>
        configuration
            .Settings.FirstOrDefault(setting => string.Equals(setting.Key, key, StringComparison.Ordinal))
            ?.Value;
}
