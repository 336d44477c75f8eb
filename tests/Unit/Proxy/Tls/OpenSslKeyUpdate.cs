using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Freshet.Server.Proxy.Tls;

namespace Freshet.Tests.Unit.Proxy.Tls;

/// <summary>Makes a session's next write tell the peer to change keys, which the proxy itself never asks for.</summary>
internal static partial class OpenSslKeyUpdate
{
    private const int UpdateRequested = 1;

    internal static int Request(TlsSession session) => SSL_key_update(Handle(session), UpdateRequested);

    [UnsafeAccessor(UnsafeAccessorKind.Field, Name = "_ssl")]
    private static extern ref nint Handle(TlsSession session);

    [LibraryImport("libssl.so.3")]
    private static partial int SSL_key_update(nint ssl, int type);
}
