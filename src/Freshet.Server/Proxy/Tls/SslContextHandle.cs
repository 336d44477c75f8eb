using System.Runtime.InteropServices;

namespace Freshet.Server.Proxy.Tls;

/// <summary>Owns one reference to an <c>SSL_CTX</c>. Sessions hold references of their own inside OpenSSL.</summary>
internal sealed class SslContextHandle : SafeHandle
{
    public SslContextHandle(nint context)
        : base(0, ownsHandle: true) => SetHandle(context);

    public override bool IsInvalid => handle == 0;

    protected override bool ReleaseHandle()
    {
        LibSsl.SSL_CTX_free(handle);
        return true;
    }
}
