using System.Globalization;
using System.Text;
using Freshet.Server.Proxy.Settings;

namespace Freshet.Server.Configuration;

/// <summary>Reads one URL the way libpq's <c>conninfo_uri_parse_options</c> does: the first <c>@</c> before a slash
/// ends the credentials, everything may be percent-encoded, query parameters override what stands before them. Errors
/// never quote the credentials.</summary>
internal sealed class PostgresUrlParser(string text)
{
    private const string SeveralHosts =
        "names several hosts; Freshet connects to one: list each server as a database of its own";

    private static readonly string[] Schemes = ["postgres://", "postgresql://"];

    private static readonly string[] Parameters =
    [
        "host", "port", "dbname", "user", "password", "sslmode", "sslrootcert", "sslcert", "sslkey", "connect_timeout",
        "ssl",
    ];

    private readonly List<string> _errors = [];

    public IReadOnlyList<string> Errors => _errors;

    public PostgresUrl? Parse()
    {
        var scheme = Schemes.FirstOrDefault(scheme => text.StartsWith(scheme, StringComparison.Ordinal));
        if (scheme is null)
        {
            _errors.Add("must start with postgres:// or postgresql://");
            return null;
        }
        var url = new PostgresUrl();
        var rest = text[scheme.Length..];
        var credentialsEnd = rest.AsSpan().IndexOfAny('@', '/');
        if (credentialsEnd >= 0 && rest[credentialsEnd] == '@')
        {
            var (user, password) = Split(rest[..credentialsEnd], ':');
            url = url with { User = Filled(Decode(user, "user")), Password = Filled(Decode(password, "password")) };
            rest = rest[(credentialsEnd + 1)..];
        }
        var (beforeQuery, query) = Split(rest, '?');
        var (authority, path) = Split(beforeQuery, '/');
        if (authority.Contains('@', StringComparison.Ordinal))
            _errors.Add("has more than one @: write the one in the password as %40");
        else
            url = ReadHost(authority, url);
        if (path is not null)
            url = url with { Database = Filled(Decode(path, "database name")) };
        foreach (var parameter in (query ?? "").Split('&', StringSplitOptions.RemoveEmptyEntries))
            url = ReadParameter(parameter, url);
        return _errors.Count == 0 ? url : null;
    }

    private PostgresUrl ReadHost(string authority, PostgresUrl url)
    {
        if (authority.Contains(',', StringComparison.Ordinal))
        {
            _errors.Add(SeveralHosts);
            return url;
        }
        if (!authority.StartsWith('['))
        {
            var (host, port) = Split(authority, ':');
            return ReadPort(port, url with { Host = Filled(Decode(host, "host")) });
        }
        var end = authority.IndexOf(']', StringComparison.Ordinal);
        if (end < 2 || (end + 1 < authority.Length && authority[end + 1] != ':'))
        {
            _errors.Add("has a malformed IPv6 address; write it as [::1]:5432");
            return url;
        }
        var portText = end + 1 < authority.Length ? authority[(end + 2)..] : null;
        return ReadPort(portText, url with { Host = Decode(authority[1..end], "host") });
    }

    private PostgresUrl ReadPort(string? port, PostgresUrl url)
    {
        if (string.IsNullOrEmpty(port))
            return url;
        if (
            int.TryParse(port, NumberStyles.None, CultureInfo.InvariantCulture, out var number)
            && number is > 0 and < 65536
        )
            return url with { Port = number };
        // The text may be the tail of a password that holds an unescaped slash or colon: it is not shown.
        _errors.Add("has a bad port; allowed is 1 to 65535 (in a password, / : @ ? # % must be percent-encoded)");
        return url;
    }

    private PostgresUrl ReadParameter(string parameter, PostgresUrl url)
    {
        var (encodedName, encodedValue) = Split(parameter, '=');
        var name = Decode(encodedName, "parameter name");
        var value = Decode(encodedValue, $"parameter {name}");
        if (name is null || value is null)
        {
            if (encodedValue is null)
                _errors.Add("has a query parameter without a value; write name=value");
            return url;
        }
        switch (name)
        {
            case "host" when value.Contains(',', StringComparison.Ordinal):
                _errors.Add(SeveralHosts);
                return url;
            case "host":
                return url with { Host = Filled(value) ?? url.Host };
            case "port":
                return ReadPort(value, url);
            case "dbname":
                return url with { Database = Filled(value) };
            case "user":
                return url with { User = Filled(value) };
            case "password":
                return url with { Password = Filled(value) };
            case "sslmode":
                return url with { SslMode = ReadMode(value) };
            case "ssl" when string.Equals(value, "true", StringComparison.Ordinal):
                return url with { SslMode = TlsMode.Require };
            case "sslrootcert":
                return url with { SslRootCertificate = Filled(value) };
            case "sslcert":
                return url with { SslCertificate = Filled(value) };
            case "sslkey":
                return url with { SslKey = Filled(value) };
            case "connect_timeout":
                return url with { ConnectTimeout = ReadSeconds(value) };
            default:
                Refuse(name);
                return url;
        }
    }

    private void Refuse(string name)
    {
        if (name is "application_name" or "options" or "client_encoding")
        {
            _errors.Add($"has the parameter {name}, which every client sets for itself; remove it");
            return;
        }
        // Not the name itself: a stray & in a password makes a "parameter" of its tail.
        var nearest = NearestName.Find(name, Parameters);
        _errors.Add(
            nearest is null
                ? $"has an unknown parameter; allowed are {string.Join(", ", Parameters)} (in a password, & ? # "
                    + "must be percent-encoded)"
                : $"has an unknown parameter; did you mean {nearest}?"
        );
    }

    private TlsMode? ReadMode(string value)
    {
        if (SettingNames.TryParse<TlsMode>(value, out var mode))
            return mode;
        _errors.Add($"has sslmode={SafeText.Quote(value)}; allowed are {SettingNames.List<TlsMode>()}");
        return null;
    }

    private TimeSpan? ReadSeconds(string value)
    {
        if (int.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out var seconds) && seconds <= 86_400)
            return TimeSpan.FromSeconds(seconds);
        _errors.Add($"has connect_timeout={SafeText.Quote(value)}; allowed is a number of seconds from 0 to 86400");
        return null;
    }

    private string? Decode(string? encoded, string part)
    {
        if (encoded is null || !encoded.Contains('%', StringComparison.Ordinal))
            return encoded;
        var bytes = new List<byte>(encoded.Length);
        for (var i = 0; i < encoded.Length; i++)
        {
            if (encoded[i] != '%')
            {
                var length = char.IsSurrogatePair(encoded, i) ? 2 : 1;
                bytes.AddRange(Encoding.UTF8.GetBytes(encoded, i, length));
                i += length - 1;
                continue;
            }
            if (
                i + 2 >= encoded.Length
                || !byte.TryParse(
                    encoded.AsSpan(i + 1, 2),
                    NumberStyles.AllowHexSpecifier,
                    CultureInfo.InvariantCulture,
                    out var value
                )
                || value == 0
            )
            {
                _errors.Add($"has a bad percent escape in its {part}; a literal % is written %25");
                return null;
            }
            bytes.Add(value);
            i += 2;
        }
        return Encoding.UTF8.GetString([.. bytes]);
    }

    private static string? Filled(string? value) => string.IsNullOrEmpty(value) ? null : value;

    private static (string Before, string? After) Split(string value, char separator)
    {
        var index = value.IndexOf(separator, StringComparison.Ordinal);
        return index < 0 ? (value, null) : (value[..index], value[(index + 1)..]);
    }
}
