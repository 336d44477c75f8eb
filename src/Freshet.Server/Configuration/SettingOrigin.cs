namespace Freshet.Server.Configuration;

internal enum SettingSource
{
    Default,
    File,
    Environment,
    CommandLine,
}

/// <summary>Where a setting's value comes from; every message about a setting starts with it.</summary>
/// <param name="Source">The kind of source.</param>
/// <param name="Name">The file, the environment variable or the option; empty for a default.</param>
/// <param name="Line">The line in the file, from 1; 0: not known.</param>
internal readonly record struct SettingOrigin(SettingSource Source, string Name, int Line)
{
    public static readonly SettingOrigin Default = new(SettingSource.Default, "", 0);

    public static SettingOrigin File(string path, int line) => new(SettingSource.File, path, line);

    public static SettingOrigin Environment(string variable) => new(SettingSource.Environment, variable, 0);

    public static SettingOrigin CommandLine(string option) => new(SettingSource.CommandLine, option, 0);

    public override string ToString() =>
        Source switch
        {
            SettingSource.Default => "default",
            SettingSource.File when Line > 0 => $"{Name}:{Line}",
            SettingSource.Environment => $"environment {Name}",
            _ => Name,
        };
}
