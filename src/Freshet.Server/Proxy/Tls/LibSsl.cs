using System.Runtime.InteropServices;

namespace Freshet.Server.Proxy.Tls;

/// <summary>The part of OpenSSL 3's libssl that is used, under its own names; see the manual pages of section 3.
/// <see cref="SuppressGCTransitionAttribute"/> stands only where a function reads or sets fields and returns.</summary>
internal static unsafe partial class LibSsl
{
    internal const int ControlMode = 33;
    internal const int ControlReadAhead = 41;
    internal const int ControlSessionCacheMode = 44;
    internal const int ControlServerName = 55;
    internal const int ControlMinimumProtocol = 123;

    internal const int ModeEnablePartialWrite = 0x1;
    internal const int ModeAcceptMovingWriteBuffer = 0x2;
    internal const int ModeReleaseBuffers = 0x10;

    internal const ulong OptionNoTicket = 1ul << 14;
    internal const ulong OptionNoCompression = 1ul << 17;
    internal const ulong OptionCipherServerPreference = 1ul << 22;
    internal const ulong OptionNoRenegotiation = 1ul << 30;

    internal const int Tls12 = 0x0303;
    internal const int FileTypePem = 1;

    internal const int VerifyNone = 0;
    internal const int VerifyPeer = 1;
    internal const int VerifyFailWithoutPeerCertificate = 2;

    internal const int ErrorNone = 0;
    internal const int ErrorSsl = 1;
    internal const int ErrorWantRead = 2;
    internal const int ErrorWantWrite = 3;
    internal const int ErrorSystemCall = 5;
    internal const int ErrorZeroReturn = 6;

    internal const int LibraryNumber = 20;
    internal const int ReasonUnexpectedEnd = 294;

    internal const int AlpnOk = 0;
    internal const int AlpnFatal = 2;

    [LibraryImport(OpenSslLibrary.Ssl)]
    internal static partial nint TLS_method();

    [LibraryImport(OpenSslLibrary.Ssl)]
    internal static partial nint SSL_CTX_new(nint method);

    [LibraryImport(OpenSslLibrary.Ssl)]
    internal static partial void SSL_CTX_free(nint context);

    [LibraryImport(OpenSslLibrary.Ssl)]
    internal static partial CLong SSL_CTX_ctrl(nint context, int command, CLong number, nint pointer);

    [LibraryImport(OpenSslLibrary.Ssl)]
    internal static partial ulong SSL_CTX_set_options(nint context, ulong options);

    [LibraryImport(OpenSslLibrary.Ssl)]
    internal static partial int SSL_CTX_set_num_tickets(nint context, nuint count);

    [LibraryImport(OpenSslLibrary.Ssl)]
    internal static partial int SSL_CTX_set_session_id_context(nint context, byte* identifier, uint length);

    [LibraryImport(OpenSslLibrary.Ssl)]
    internal static partial void SSL_CTX_set_verify(nint context, int mode, nint callback);

    [LibraryImport(OpenSslLibrary.Ssl, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial int SSL_CTX_load_verify_file(nint context, string path);

    [LibraryImport(OpenSslLibrary.Ssl)]
    internal static partial int SSL_CTX_set_default_verify_paths(nint context);

    [LibraryImport(OpenSslLibrary.Ssl, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial nint SSL_load_client_CA_file(string path);

    [LibraryImport(OpenSslLibrary.Ssl)]
    internal static partial void SSL_CTX_set_client_CA_list(nint context, nint names);

    [LibraryImport(OpenSslLibrary.Ssl, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial int SSL_CTX_use_certificate_chain_file(nint context, string path);

    [LibraryImport(OpenSslLibrary.Ssl, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial int SSL_CTX_use_PrivateKey_file(nint context, string path, int type);

    [LibraryImport(OpenSslLibrary.Ssl)]
    internal static partial int SSL_CTX_check_private_key(nint context);

    [LibraryImport(OpenSslLibrary.Ssl)]
    internal static partial void SSL_CTX_set_default_passwd_cb(
        nint context, delegate* unmanaged[Cdecl]<byte*, int, int, nint, int> callback);

    [LibraryImport(OpenSslLibrary.Ssl)]
    internal static partial void SSL_CTX_set_alpn_select_cb(
        nint context, delegate* unmanaged[Cdecl]<nint, byte**, byte*, byte*, uint, nint, int> callback, nint argument);

    /// <summary>Unlike all others this one returns 0 on success.</summary>
    [LibraryImport(OpenSslLibrary.Ssl)]
    internal static partial int SSL_CTX_set_alpn_protos(nint context, byte* protocols, uint length);

    [LibraryImport(OpenSslLibrary.Ssl)]
    internal static partial nint SSL_new(nint context);

    [LibraryImport(OpenSslLibrary.Ssl)]
    internal static partial void SSL_free(nint ssl);

    [LibraryImport(OpenSslLibrary.Ssl)]
    internal static partial int SSL_set_fd(nint ssl, int descriptor);

    [LibraryImport(OpenSslLibrary.Ssl)]
    internal static partial void SSL_set_accept_state(nint ssl);

    [LibraryImport(OpenSslLibrary.Ssl)]
    internal static partial void SSL_set_connect_state(nint ssl);

    [LibraryImport(OpenSslLibrary.Ssl)]
    internal static partial CLong SSL_ctrl(nint ssl, int command, CLong number, byte* pointer);

    [LibraryImport(OpenSslLibrary.Ssl)]
    internal static partial nint SSL_get0_param(nint ssl);

    [LibraryImport(OpenSslLibrary.Ssl)]
    internal static partial int SSL_do_handshake(nint ssl);

    [LibraryImport(OpenSslLibrary.Ssl)]
    internal static partial int SSL_read(nint ssl, byte* buffer, int length);

    [LibraryImport(OpenSslLibrary.Ssl)]
    internal static partial int SSL_write(nint ssl, byte* data, int length);

    [LibraryImport(OpenSslLibrary.Ssl)]
    internal static partial int SSL_shutdown(nint ssl);

    [LibraryImport(OpenSslLibrary.Ssl)]
    [SuppressGCTransition]
    internal static partial int SSL_has_pending(nint ssl);

    [LibraryImport(OpenSslLibrary.Ssl)]
    [SuppressGCTransition]
    internal static partial int SSL_get_error(nint ssl, int result);

    [LibraryImport(OpenSslLibrary.Ssl)]
    internal static partial CLong SSL_get_verify_result(nint ssl);

    [LibraryImport(OpenSslLibrary.Ssl)]
    internal static partial int SSL_get_verify_mode(nint ssl);

    /// <summary>The certificate that we present; not to be freed.</summary>
    [LibraryImport(OpenSslLibrary.Ssl)]
    internal static partial nint SSL_get_certificate(nint ssl);

    /// <summary>The peer's certificate; to be freed by the caller.</summary>
    [LibraryImport(OpenSslLibrary.Ssl)]
    internal static partial nint SSL_get1_peer_certificate(nint ssl);

    [LibraryImport(OpenSslLibrary.Ssl)]
    internal static partial nint SSL_get_version(nint ssl);

    [LibraryImport(OpenSslLibrary.Ssl)]
    internal static partial nint SSL_get_current_cipher(nint ssl);

    [LibraryImport(OpenSslLibrary.Ssl)]
    internal static partial nint SSL_CIPHER_get_name(nint cipher);

    [LibraryImport(OpenSslLibrary.Ssl)]
    internal static partial void SSL_get0_alpn_selected(nint ssl, byte** protocol, uint* length);
}
