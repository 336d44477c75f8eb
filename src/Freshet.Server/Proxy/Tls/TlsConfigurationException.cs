namespace Freshet.Server.Proxy.Tls;

/// <summary>TLS settings that cannot be obeyed. The message names the setting, the path and OpenSSL's reason, and
/// never holds key material.</summary>
internal sealed class TlsConfigurationException(string message) : Exception(message);
