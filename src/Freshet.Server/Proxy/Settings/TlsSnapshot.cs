namespace Freshet.Server.Proxy.Settings;

/// <summary>TLS of one side: of all listening sockets, or of the connections to one database.</summary>
/// <param name="Mode">What is asked for. Default: <see cref="TlsMode.Disable"/> for clients unless a certificate is
/// given (then <see cref="TlsMode.Prefer"/>), <see cref="TlsMode.Prefer"/> for servers: PgBouncer's defaults.</param>
/// <param name="CertificateFile">PEM chain; null: none.</param>
/// <param name="KeyFile">PEM private key; null: none.</param>
/// <param name="AuthorityFile">PEM certificates that the peer's certificate must lead to; null: the system's.</param>
internal sealed record TlsSnapshot(TlsMode Mode, string? CertificateFile, string? KeyFile, string? AuthorityFile)
{
    internal static readonly TlsSnapshot Disabled = new(TlsMode.Disable, null, null, null);
}
