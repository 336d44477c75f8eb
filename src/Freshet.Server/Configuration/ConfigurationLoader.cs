using System.Collections;
using System.Collections.Immutable;

namespace Freshet.Server.Configuration;

/// <summary>Reads all sources (command line over environment over file) and makes one configuration of them, or says
/// everything that is wrong. Calling it again re-reads the file and the secret files: that is a reload.</summary>
internal sealed class ConfigurationLoader(ObjectNode commandLine, IDictionary environment, string? file)
{
    public const string DefaultFile = "freshet.json";

    /// <summary>The file that will be read: the one that was named, else <c>freshet.json</c> in the working directory
    /// when it exists; null: none.</summary>
    public string? File { get; } =
        file
        ?? (environment[EnvironmentSettings.ConfigurationFileVariable] is string { Length: > 0 } named ? named : null)
        ?? (System.IO.File.Exists(DefaultFile) ? DefaultFile : null);

    /// <summary>Null when something is wrong; the errors are then not empty.</summary>
    public FreshetConfiguration? Load(out ImmutableArray<ConfigurationError> errors)
    {
        var reading = new SettingReading();
        var configuration = LoadOptions(reading) is { } options
            ? new SnapshotBuilder(options, environment, reading).Build(File)
            : null;
        errors = [.. reading.Errors];
        return errors.IsEmpty ? configuration : null;
    }

    /// <summary>Reads without checking the options against each other. Null when the file cannot be read at all: what
    /// depends on it (no database, no user) would be reported and mislead.</summary>
    public FreshetOptions? LoadOptions(SettingReading reading)
    {
        var layers = new List<ObjectNode> { commandLine, EnvironmentSettings.Read(environment, reading.Errors) };
        if (File is not null && JsonSettings.ReadFile(File, reading.Errors) is { } fromFile)
            layers.Add(fromFile);
        var options = FreshetOptions.Read(new SettingSection(reading, "", layers));
        return File is not null && layers.Count < 3 ? null : options;
    }
}
