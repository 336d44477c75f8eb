namespace Freshet.Server.Configuration;

/// <summary>Reads a file that holds one secret, as Docker and Kubernetes mount them. One line end at the end is not
/// part of the secret.</summary>
internal static class SecretFile
{
    private const int LargestBytes = 64 * 1024;

    /// <summary>Null after an error, which names the key and the file.</summary>
    public static string? Read(string file, string key, SettingReading reading)
    {
        try
        {
            if (new FileInfo(file).Length > LargestBytes)
            {
                reading.Refuse(key, $"is {SafeText.Quote(file)}, which is larger than 64 KB and so no password");
                return null;
            }
            var secret = File.ReadAllText(file);
            secret = secret.EndsWith("\r\n", StringComparison.Ordinal) ? secret[..^2] : secret.TrimEndOne('\n');
            if (secret.Length > 0 && !secret.Contains('\0', StringComparison.Ordinal))
                return secret;
            reading.Refuse(key, $"is {SafeText.Quote(file)}, which is empty or holds a zero byte");
            return null;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            reading.Refuse(key, $"is {SafeText.Quote(file)}, which cannot be read: {exception.Message}");
            return null;
        }
    }

    private static string TrimEndOne(this string text, char character) =>
        text.EndsWith(character) ? text[..^1] : text;
}
