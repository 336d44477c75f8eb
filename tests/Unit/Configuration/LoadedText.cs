using System.Collections;
using System.Collections.Immutable;
using System.Text;
using Freshet.Server.Configuration;

namespace Freshet.Tests.Unit.Configuration;

/// <summary>Loads a configuration from texts, the way the process does from its sources.</summary>
internal sealed record LoadedText(FreshetConfiguration? Configuration, ImmutableArray<ConfigurationError> Errors)
{
    public FreshetConfiguration Good =>
        Configuration ?? throw new InvalidOperationException(string.Join('\n', Errors));

    public string ErrorText => string.Join('\n', Errors);

    public static LoadedText From(
        string? json = null,
        (string Option, string Path, string Value)[]? commandLine = null,
        Dictionary<string, string>? environment = null
    )
    {
        var settings = new CommandLineSettings();
        foreach (var (option, path, value) in commandLine ?? [])
            settings.Add(option, path, value);
        var folder = Directory.CreateTempSubdirectory("freshet-test-");
        try
        {
            string? file = null;
            if (json is not null)
            {
                file = Path.Combine(folder.FullName, "freshet.json");
                File.WriteAllText(file, json, new UTF8Encoding(false));
            }
            var variables = (IDictionary)(environment ?? []);
            var configuration = new ConfigurationLoader(settings.Root, variables, file).Load(out var errors);
            return new(configuration, errors);
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    /// <summary>The quickest way to a good configuration, plus one thing.</summary>
    public static LoadedText WithUrl(string url, params (string Option, string Path, string Value)[] more) =>
        From(commandLine: [("URL argument", "url", url), .. more]);
}
