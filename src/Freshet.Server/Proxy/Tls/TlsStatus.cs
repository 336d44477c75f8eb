namespace Freshet.Server.Proxy.Tls;

/// <summary>How an operation on a <see cref="TlsSession"/> ended.</summary>
internal enum TlsStatus
{
    /// <summary>Bytes were moved, or the handshake is complete.</summary>
    Done,

    /// <summary>Try again when the descriptor is readable.</summary>
    WantRead,

    /// <summary>Try again when the descriptor is writable.</summary>
    WantWrite,

    /// <summary>The peer ended the connection, see <see cref="TlsSession.ClosedCleanly"/>. Stays.</summary>
    Closed,

    /// <summary>The connection cannot be used any more, see <see cref="TlsSession.Error"/>. Stays.</summary>
    Failed,
}
