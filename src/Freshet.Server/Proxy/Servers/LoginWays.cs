using Freshet.Core.Wire;
using Freshet.Server.Proxy.Settings;

namespace Freshet.Server.Proxy.Servers;

/// <summary>
/// With and without TLS: the ways into a server that the setting <c>serverTls.mode</c> leaves for one login, as libpq
/// takes them. <c>prefer</c>: with TLS where the server offers it, then without; <c>allow</c>: without, then with;
/// every other mode has one. The second is tried when the handshake failed, or when the server refused the first for
/// what it is, before it asked for anything. Here libpq is less strict: it tries again after any refusal up to
/// AuthenticationOk. But a wrong password is as wrong the other way, and a secret is not sent a second time in clear.
/// </summary>
internal sealed class LoginWays
{
    private readonly DialEncryption? _second;
    private string? _firstFailure;

    public LoginWays(DatabaseSnapshot database) =>
        (Present, _second) = database.IsUnixSocket
            ? (DialEncryption.None, null)
            : database.Tls.Mode switch
            {
                TlsMode.Disable => (DialEncryption.None, null),
                TlsMode.Allow => (DialEncryption.None, DialEncryption.Required),
                TlsMode.Prefer => (DialEncryption.IfOffered, DialEncryption.None),
                _ => (DialEncryption.Required, (DialEncryption?)null),
            };

    public DialEncryption Present { get; private set; }

    /// <summary>Whether the server refuses how we came: a line of pg_hba.conf (28000), or a pooler's demand for TLS
    /// (PgBouncer: 08P01).</summary>
    public static bool IsAboutTheWay(ErrorFields error) =>
        error.SqlState.SequenceEqual("28000"u8) || error.SqlState.SequenceEqual("08P01"u8);

    /// <summary>Takes the second way; false when there is none or it was taken.</summary>
    /// <param name="failure">Why the first one is closed.</param>
    /// <param name="wasEncrypted">Whether the first one was: a server without TLS leaves <c>prefer</c> no other.
    /// </param>
    public bool TryNext(string failure, bool wasEncrypted)
    {
        if (_second is not { } second || _firstFailure is not null
            || wasEncrypted == (second != DialEncryption.None))
        {
            return false;
        }

        _firstFailure = failure;
        Present = second;
        return true;
    }

    /// <summary>The reason of the last failure, with the first way's where there was one.</summary>
    public string Reason(string failure) => _firstFailure is null ? failure : $"{_firstFailure}; then {failure}";
}
