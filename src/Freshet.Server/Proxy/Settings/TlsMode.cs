namespace Freshet.Server.Proxy.Settings;

/// <summary>libpq's <c>sslmode</c>. For clients (the listening side) <see cref="VerifyCa"/> and
/// <see cref="VerifyFull"/> ask for a client certificate signed by the configured authority.</summary>
internal enum TlsMode
{
    Disable,
    Allow,
    Prefer,
    Require,
    VerifyCa,
    VerifyFull,
}
