namespace Freshet.Bench.Micro.Tls;

/// <summary>The proxy's end of a connection, on a non-blocking socket: the thing that is measured.</summary>
internal interface ITlsSide : IDisposable
{
    /// <summary>Plaintext bytes read, 0 when the socket has no whole record.</summary>
    int Read(Memory<byte> buffer);

    /// <summary>Plaintext bytes accepted, 0 when the socket is full.</summary>
    int Write(ReadOnlyMemory<byte> data);

    /// <summary>True when the handshake is complete.</summary>
    bool Handshake();
}
