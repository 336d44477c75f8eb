namespace Freshet.Server.Configuration;

/// <summary>What is known while one configuration is read: its errors and warnings, and where each key that was set
/// comes from.</summary>
internal sealed class SettingReading
{
    private readonly Dictionary<string, SettingOrigin> _origins = new(StringComparer.Ordinal);

    public List<ConfigurationError> Errors { get; } = [];

    public List<string> Warnings { get; } = [];

    public void Found(string path, SettingOrigin origin) => _origins[path] = origin;

    public bool IsSet(string path) => _origins.ContainsKey(path);

    public SettingOrigin OriginOf(string path) => _origins.GetValueOrDefault(path, SettingOrigin.Default);

    /// <summary>Adds an error about a key, at the place where the key was set.</summary>
    public void Refuse(string path, string message) => Errors.Add(new(OriginOf(path), path, message));
}
