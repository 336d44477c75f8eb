using System.Diagnostics.CodeAnalysis;

using Freshet.Server.Proxy.Settings;

namespace Freshet.Server.Configuration;

/// <summary>A <c>postgres://</c> URL as libpq understands it. What the URL leaves out is null.</summary>
internal sealed record PostgresUrl
{
    public const int DefaultPort = 5432;

    /// <summary>Host name, address without brackets, or the directory of a unix socket.</summary>
    public string? Host { get; init; }

    public int Port { get; init; } = DefaultPort;

    public string? User { get; init; }

    /// <summary>Never printed.</summary>
    public string? Password { get; init; }

    public string? Database { get; init; }

    public TlsMode? SslMode { get; init; }

    public string? SslRootCertificate { get; init; }

    public string? SslCertificate { get; init; }

    public string? SslKey { get; init; }

    /// <summary>Zero: no limit.</summary>
    public TimeSpan? ConnectTimeout { get; init; }

    public static bool TryParse(
        string text,
        [NotNullWhen(true)] out PostgresUrl? url,
        out IReadOnlyList<string> errors
    )
    {
        var parser = new PostgresUrlParser(text);
        url = parser.Parse();
        errors = parser.Errors;
        return url is not null;
    }

    /// <summary>Where libpq looks for the server when a URL names no host: the folder of the local socket.</summary>
    public static string DefaultSocketDirectory() =>
        Directory.Exists("/var/run/postgresql") ? "/var/run/postgresql" : "/tmp";

    /// <summary>Fit to be printed: the password is masked.</summary>
    public override string ToString()
    {
        var host = Host is null ? "" : Host.Contains(':', StringComparison.Ordinal) ? $"[{Host}]" : Escape(Host);
        var user = User is null ? "" : Escape(User) + (Password is null ? "" : $":{SafeText.Mask}") + "@";
        var database = Database is null ? "" : $"/{Escape(Database)}";
        return $"postgres://{user}{host}:{Port}{database}";
    }

    private static string Escape(string text) => Uri.EscapeDataString(text);
}
