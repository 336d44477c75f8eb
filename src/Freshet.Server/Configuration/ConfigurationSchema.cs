namespace Freshet.Server.Configuration;

/// <summary>The JSON schema of <c>freshet.json</c>: <c>docs/freshet.schema.json</c>, carried in the program.</summary>
internal static class ConfigurationSchema
{
    public static string Read()
    {
        using var stream = typeof(ConfigurationSchema).Assembly.GetManifestResourceStream("freshet.schema.json")!;
        using var reader = new StreamReader(stream);
        return reader.ReadToEnd();
    }
}
