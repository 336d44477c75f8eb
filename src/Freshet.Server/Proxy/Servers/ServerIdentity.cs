namespace Freshet.Server.Proxy.Servers;

/// <summary>The server's own process number and secret for cancel requests (BackendKeyData).</summary>
/// <param name="ProcessId">The backend's process id: never confused with a number that we gave to a client.</param>
/// <param name="Key">4 bytes in protocol 3.0, up to 256 in 3.2.</param>
internal sealed record ServerIdentity(int ProcessId, byte[] Key);
