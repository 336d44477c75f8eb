using System.Net;
using Freshet.Server.Http;

namespace Freshet.Server.Configuration;

/// <summary>Checks where HTTP is served, and the token. Also for the commands that ask a running process.</summary>
internal static class HttpSettings
{
    public static readonly IPEndPoint DefaultAddress = new(IPAddress.Loopback, 8432);

    /// <summary>Null: nowhere, or after an error.</summary>
    public static IPEndPoint? ReadAddress(FreshetOptions options, SettingReading reading)
    {
        if (string.Equals(options.Http, "off", StringComparison.Ordinal))
            return null;
        if (options.Http is null)
            return DefaultAddress;
        if (EndpointText.TryParse(options.Http, out var endpoint))
            return endpoint;
        reading.Refuse("http", $"is {SafeText.Quote(options.Http)}; allowed is {EndpointText.Allowed}, or off");
        return null;
    }

    /// <summary>The secret itself; null: none is set, or after an error.</summary>
    public static string? ReadToken(FreshetOptions options, SettingReading reading)
    {
        if (options is { HttpToken: not null, HttpTokenFile: not null })
            reading.Refuse("httpToken", "is set beside httpTokenFile; keep one");
        var key = options.HttpTokenFile is null ? "httpToken" : "httpTokenFile";
        var token = options.HttpTokenFile is null
            ? options.HttpToken
            : SecretFile.Read(options.HttpTokenFile, key, reading);
        if (token is null)
            return null;
        if (token.Length >= HttpToken.FewestCharacters && token.All(character => character is > ' ' and <= '~'))
            return token;
        reading.Refuse(
            key,
            $"is no token; allowed are {HttpToken.FewestCharacters} or more ASCII characters without blanks "
                + "(openssl rand -hex 32 makes one)");
        return null;
    }
}
