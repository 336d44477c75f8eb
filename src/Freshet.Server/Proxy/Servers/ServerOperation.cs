namespace Freshet.Server.Proxy.Servers;

/// <summary>
/// A simple query that the proxy sends on its own account; the client sees nothing of it. Runs on the loop of its
/// server connection. Rows arrive one by one (each at most 64 KiB), then <see cref="Completed"/> is called once,
/// at ReadyForQuery; if the connection dies before, it is not called.
/// </summary>
internal abstract class ServerOperation
{
    public abstract string Sql { get; }

    /// <summary>The body of the first ErrorResponse; null when all went well.</summary>
    public byte[]? Error { get; set; }

    public virtual void OnRow(ReadOnlySpan<byte> body) { }

    public abstract void Completed(ServerConnection server);
}
