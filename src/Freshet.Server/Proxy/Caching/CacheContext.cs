using System.Text;
using Freshet.Server.Proxy.State;

namespace Freshet.Server.Proxy.Caching;

/// <summary>
/// What a result depends on besides its statement and the data: whose rights and which settings it was made with.
/// Sessions of one user with the same settings share one; its number stands in every key.
/// </summary>
internal sealed class CacheContext
{
    /// <summary>Settings that do not change what a query returns, only whether and how fast it does.</summary>
    private static readonly HashSet<string> Irrelevant = new(StringComparer.Ordinal)
    {
        "application_name", "statement_timeout", "lock_timeout", "idle_in_transaction_session_timeout",
        "idle_session_timeout", "transaction_timeout", "work_mem", "synchronous_commit", "client_min_messages",
        "default_transaction_read_only", "transaction_read_only", "tcp_user_timeout",
        "client_connection_check_interval",
    };

    /// <summary>Encodings whose second bytes look like ASCII: the server converts them before its lexer sees them, so
    /// ours would see other tokens.</summary>
    private static readonly HashSet<string> Unsafe = new(StringComparer.OrdinalIgnoreCase)
    {
        "SJIS", "SHIFT_JIS_2004", "SHIFTJIS", "MSKANJI", "WIN932", "WINDOWS932", "BIG5", "WIN950", "WINDOWS950", "GBK",
        "WIN936", "WINDOWS936", "UHC", "WIN949", "WINDOWS949", "GB18030", "JOHAB",
    };

    public CacheContext(int number, DatabaseCache database, string user, SettingsSet settings)
    {
        Number = number;
        Database = database;
        User = user;
        SearchPath = settings.Find("search_path");
        StandardConformingStrings =
            !string.Equals(settings.Find("standard_conforming_strings"), "off", StringComparison.Ordinal);
        IsRefused = HidesTokens(settings)
            || settings.Find("default_transaction_isolation") is "serializable";
    }

    public int Number { get; }

    public DatabaseCache Database { get; }

    public string User { get; }

    /// <summary>As the session has set it; null: the server's or the role's default.</summary>
    public string? SearchPath { get; }

    public bool StandardConformingStrings { get; }

    /// <summary>Nothing may be cached: the client's encoding hides tokens from our lexer, or reads are to be
    /// serializable.</summary>
    public bool IsRefused { get; }

    /// <summary>Equal for sessions whose results are interchangeable.</summary>
    public static string Identity(string user, SettingsSet settings)
    {
        var text = new StringBuilder();
        Append(text, user);
        foreach ((string name, string value) in settings.Settings)
        {
            if (StandsInKey(name))
            {
                Append(Append(text, name), value);
            }
        }

        return text.ToString();
    }

    /// <summary>The client's encoding is one of those that our lexer does not see through.</summary>
    public static bool HidesTokens(SettingsSet settings) =>
        settings.Find("client_encoding") is { } encoding && Unsafe.Contains(encoding);

    /// <summary>Whether results depend on a setting.</summary>
    public static bool StandsInKey(string name) => !Irrelevant.Contains(name);

    private static StringBuilder Append(StringBuilder text, string part) =>
        text.Append(part.Length).Append(':').Append(part);
}
