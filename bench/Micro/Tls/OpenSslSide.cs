using Freshet.Server.Proxy.Tls;

namespace Freshet.Bench.Micro.Tls;

/// <summary>Option b: OpenSSL on the descriptor.</summary>
internal sealed class OpenSslSide(TlsSession session) : ITlsSide
{
    public bool Handshake() => Check(session.Handshake()) == TlsStatus.Done;

    public int Read(Memory<byte> buffer)
    {
        Check(session.Read(buffer.Span, out int count));
        return count;
    }

    public int Write(ReadOnlyMemory<byte> data)
    {
        Check(session.Write(data.Span, out int count));
        return count;
    }

    public void Dispose() => session.Dispose();

    private TlsStatus Check(TlsStatus status) => status is TlsStatus.Closed or TlsStatus.Failed
        ? throw new InvalidOperationException($"{status}: {session.Error}")
        : status;
}
