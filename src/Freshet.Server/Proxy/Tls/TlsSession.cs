using System.Net;
using System.Runtime.InteropServices;
using System.Text;

namespace Freshet.Server.Proxy.Tls;

/// <summary>One connection's TLS: an OpenSSL <c>SSL</c> that reads and writes the non-blocking descriptor itself.
/// States: handshaking, open, then closed or failed for good. Owned by one event loop at a time; it may move to another
/// thread between calls, but calls never overlap. The descriptor stays the caller's: first dispose the session, then
/// close the descriptor. There is no finalizer, the owner disposes; <see cref="LiveCount"/> shows what it forgot.
/// <para>Nothing here blocks, and reading and writing allocate nothing on the managed heap. An idle session holds no
/// record buffers (<c>SSL_MODE_RELEASE_BUFFERS</c>).</para>
/// <para>OpenSSL's socket BIO uses <c>write(2)</c>, which raises SIGPIPE on a connection that the peer reset. The .NET
/// runtime ignores SIGPIPE for the whole process before any managed code runs, and a unit test watches that it
/// does: such a write is a plain EPIPE, hence <see cref="TlsStatus.Failed"/>.</para></summary>
internal sealed unsafe class TlsSession : IDisposable
{
    /// <summary>RFC 8446's limit for the plaintext of one record.</summary>
    private const int MaximumRecordLength = 16_384;

    private static int s_liveCount;

    private readonly string? _host;
    private readonly bool _requiresAlpn;
    private nint _ssl;

    // Done while the connection can be used, then Closed or Failed for good.
    private TlsStatus _end;

    // OpenSSL said that it needs more from the socket, so what it still buffers is an incomplete record.
    private bool _needsSocket;

    // Plaintext bytes in the record that is encrypted but not sent whole: the retry must have the same length.
    private int _unsentLength;

    private TlsSession(nint context, int descriptor, string? host, bool requiresAlpn)
    {
        _host = host;
        _requiresAlpn = requiresAlpn;
        LibCrypto.ERR_clear_error();
        _ssl = LibSsl.SSL_new(context);
        if (_ssl == 0)
            throw new InvalidOperationException($"OpenSSL cannot make a TLS session: {OpenSslErrors.Take()}.");
        Interlocked.Increment(ref s_liveCount);
        if (LibSsl.SSL_set_fd(_ssl, descriptor) != 1)
            throw Unusable();
    }

    /// <summary>Sessions that were made and are not yet disposed.</summary>
    public static int LiveCount => Volatile.Read(ref s_liveCount);

    /// <summary>Why the session failed, or how it ended within the handshake; for logs.</summary>
    public string? Error { get; private set; }

    /// <summary>After <see cref="TlsStatus.Closed"/>: the peer said <c>close_notify</c>. Else the stream just ended,
    /// which an attacker can forge; PostgreSQL's Terminate and message lengths are what tells a whole stream.</summary>
    public bool ClosedCleanly { get; private set; }

    public bool IsHandshakeDone { get; private set; }

    /// <summary>Read has more to give though the socket may be silent. To be asked after each handshake or read that
    /// was <see cref="TlsStatus.Done"/>, since level-triggered epoll reports only what the kernel holds.</summary>
    public bool HasPending
    {
        get
        {
            ThrowIfDisposed();
            return _end != TlsStatus.Done || (!_needsSocket && LibSsl.SSL_has_pending(_ssl) != 0);
        }
    }

    /// <summary>The <c>tls-server-end-point</c> channel binding, of our certificate towards clients and of the server's
    /// towards servers; null where it is undefined, then SCRAM-SHA-256-PLUS must not be offered or chosen.</summary>
    public byte[]? ChannelBindingData
    {
        get
        {
            ThrowIfDisposed();
            if (_host is not null)
                return WithPeerCertificate(Certificate.GetEndPointBinding);
            nint certificate = LibSsl.SSL_get_certificate(_ssl);
            return certificate == 0 ? null : Certificate.GetEndPointBinding(certificate);
        }
    }

    /// <summary>The common name in the peer's certificate, if there is one that was verified.</summary>
    public string? PeerCommonName
    {
        get
        {
            ThrowIfDisposed();
            bool verified = IsHandshakeDone
                && (LibSsl.SSL_get_verify_mode(_ssl) & LibSsl.VerifyPeer) != 0
                && LibSsl.SSL_get_verify_result(_ssl).Value == LibCrypto.VerifyOk;
            return verified ? WithPeerCertificate(Certificate.GetCommonName) : null;
        }
    }

    /// <summary>As OpenSSL names it: <c>TLSv1.3</c>.</summary>
    public string Protocol
    {
        get
        {
            ThrowIfDisposed();
            return Marshal.PtrToStringUTF8(LibSsl.SSL_get_version(_ssl)) ?? "unknown";
        }
    }

    /// <summary>As OpenSSL names it: <c>TLS_AES_256_GCM_SHA384</c>.</summary>
    public string Cipher
    {
        get
        {
            ThrowIfDisposed();
            return Marshal.PtrToStringUTF8(LibSsl.SSL_CIPHER_get_name(LibSsl.SSL_get_current_cipher(_ssl))) ?? "none";
        }
    }

    /// <summary><c>postgresql</c> when both sides agreed on it by ALPN, else null.</summary>
    public string? ApplicationProtocol
    {
        get
        {
            ThrowIfDisposed();
            byte* name = null;
            uint length = 0;
            LibSsl.SSL_get0_alpn_selected(_ssl, &name, &length);
            return length == 0 ? null : Encoding.ASCII.GetString(name, (int)length);
        }
    }

    internal static TlsSession Accept(nint context, int descriptor, bool requiresAlpn)
    {
        var session = new TlsSession(context, descriptor, host: null, requiresAlpn);
        LibSsl.SSL_set_accept_state(session._ssl);
        return session;
    }

    internal static TlsSession Connect(nint context, int descriptor, string host, bool checksHost)
    {
        var session = new TlsSession(context, descriptor, host, requiresAlpn: false);
        LibSsl.SSL_set_connect_state(session._ssl);
        if (!session.Name(host.TrimEnd('.'), checksHost))
            throw session.Unusable();
        return session;
    }

    /// <summary>Goes on with the handshake. To be called again when the descriptor is ready for what it wants.
    /// </summary>
    public TlsStatus Handshake()
    {
        ThrowIfDisposed();
        if (_end != TlsStatus.Done || IsHandshakeDone)
            return _end;
        LibCrypto.ERR_clear_error();
        int result = LibSsl.SSL_do_handshake(_ssl);
        if (result != 1)
            return Judge(result);

        _needsSocket = false;
        IsHandshakeDone = true;
        if (_requiresAlpn && ApplicationProtocol is null)
            return Fail($"a client that starts with TLS must offer the ALPN protocol \"{PostgresAlpn.Name}\"");
        return TlsStatus.Done;
    }

    /// <summary>Reads plaintext until the buffer is full or nothing complete is at hand.</summary>
    /// <param name="buffer">Not empty.</param>
    /// <param name="count">Above 0 with <see cref="TlsStatus.Done"/>, else 0.</param>
    public TlsStatus Read(Span<byte> buffer, out int count)
    {
        ThrowIfDisposed();
        if (buffer.IsEmpty)
            throw new ArgumentException("There must be room for a byte.", nameof(buffer));
        count = 0;
        if (_end != TlsStatus.Done)
            return _end;
        ThrowIfHandshaking();
        _needsSocket = false;
        fixed (byte* start = buffer)
        {
            do
            {
                LibCrypto.ERR_clear_error();
                int result = LibSsl.SSL_read(_ssl, start + count, buffer.Length - count);
                if (result <= 0)
                {
                    TlsStatus status = Judge(result);
                    return count > 0 ? TlsStatus.Done : status;
                }

                count += result;
            }
            while (count < buffer.Length && LibSsl.SSL_has_pending(_ssl) != 0);
        }

        return TlsStatus.Done;
    }

    /// <summary>Writes plaintext until all is written or the socket is full, as <c>send(2)</c> does. What was not
    /// accepted must be offered again, the same bytes and not fewer of them, at whatever address: a record of up to
    /// 16,384 of them is encrypted already.</summary>
    /// <param name="data">What to write.</param>
    /// <param name="count">Bytes accepted; less than all of them: wait until the descriptor is writable.</param>
    public TlsStatus Write(ReadOnlySpan<byte> data, out int count)
    {
        ThrowIfDisposed();
        count = 0;
        if (_end != TlsStatus.Done)
            return _end;
        ThrowIfHandshaking();
        if (data.Length < _unsentLength)
            throw new ArgumentException($"A record of {_unsentLength} bytes is being sent.", nameof(data));
        fixed (byte* start = data)
        {
            while (count < data.Length)
            {
                int length = _unsentLength > 0 ? _unsentLength : Math.Min(data.Length - count, MaximumRecordLength);
                LibCrypto.ERR_clear_error();
                int result = LibSsl.SSL_write(_ssl, start + count, length);
                if (result <= 0)
                {
                    _unsentLength = length;
                    TlsStatus status = Judge(result, writing: true);
                    return count > 0 ? TlsStatus.Done : status;
                }

                _unsentLength = 0;
                count += result;
            }
        }

        return TlsStatus.Done;
    }

    /// <summary>Says <c>close_notify</c> if the socket takes it at once; does not wait for the peer's.</summary>
    public void Shutdown()
    {
        ThrowIfDisposed();
        // Not within a handshake, after a failure or inside an unsent record: OpenSSL forbids it or the peer would
        // see garbage.
        if (!IsHandshakeDone || _end == TlsStatus.Failed || _unsentLength > 0)
            return;
        LibCrypto.ERR_clear_error();
        _ = LibSsl.SSL_shutdown(_ssl); // best effort: the connection is closed next whatever it says
    }

    public void Dispose()
    {
        if (_ssl == 0)
            return;
        LibSsl.SSL_free(_ssl);
        _ssl = 0;
        Interlocked.Decrement(ref s_liveCount);
    }

    /// <summary>Turns the failure of the call just made into a status; must follow that call at once, since it reads
    /// the thread's error queue and errno.</summary>
    private TlsStatus Judge(int result, bool writing = false)
    {
        int error = LibSsl.SSL_get_error(_ssl, result);
        int systemError = Marshal.GetLastSystemError();
        switch (error)
        {
            case LibSsl.ErrorWantRead:
                _needsSocket |= !writing;
                return TlsStatus.WantRead;
            case LibSsl.ErrorWantWrite:
                return TlsStatus.WantWrite;
            case LibSsl.ErrorZeroReturn:
                ClosedCleanly = true;
                return Close();
            case LibSsl.ErrorSystemCall when systemError == 0:
            case LibSsl.ErrorSsl when OpenSslErrors.IsUnexpectedEnd:
                return Close();
            case LibSsl.ErrorSystemCall:
                return Fail(Marshal.GetPInvokeErrorMessage(systemError));
            default:
                return Fail(DescribeFailure());
        }
    }

    private TlsStatus Close()
    {
        if (!IsHandshakeDone)
            Error = "the peer closed the connection during the TLS handshake";
        return _end = TlsStatus.Closed;
    }

    private TlsStatus Fail(string reason)
    {
        Error = reason;
        return _end = TlsStatus.Failed;
    }

    private string DescribeFailure()
    {
        string reason = OpenSslErrors.Take();
        CLong verification = LibSsl.SSL_get_verify_result(_ssl);
        if (IsHandshakeDone || verification.Value == LibCrypto.VerifyOk)
            return reason;
        string? cause = Marshal.PtrToStringUTF8(LibCrypto.X509_verify_cert_error_string(verification));
        return _host is null ? $"{reason}: {cause}" : $"{reason}: {cause} (host \"{_host}\")";
    }

    /// <summary>Tells the server its name and makes the handshake look for it in the certificate.</summary>
    private bool Name(string host, bool checksHost)
    {
        nint parameters = LibSsl.SSL_get0_param(_ssl);
        if (IPAddress.TryParse(host, out IPAddress? address))
        {
            string text = new IPAddress(address.GetAddressBytes()).ToString(); // without the scope of fe80::1%eth0
            return !checksHost || LibCrypto.X509_VERIFY_PARAM_set1_ip_asc(parameters, text) == 1;
        }

        if (checksHost)
        {
            LibCrypto.X509_VERIFY_PARAM_set_hostflags(parameters, LibCrypto.CheckNoPartialWildcards);
            if (host.Length == 0 || LibCrypto.X509_VERIFY_PARAM_set1_host(parameters, host, 0) != 1)
                return false;
        }

        fixed (byte* name = Encoding.ASCII.GetBytes(host + '\0'))
            return host.Length == 0 || LibSsl.SSL_ctrl(_ssl, LibSsl.ControlServerName, default, name).Value == 1;
    }

    private T? WithPeerCertificate<T>(Func<nint, T?> ask)
        where T : class
    {
        nint certificate = LibSsl.SSL_get1_peer_certificate(_ssl);
        if (certificate == 0)
            return null;
        try
        {
            return ask(certificate);
        }
        finally
        {
            LibCrypto.X509_free(certificate);
        }
    }

    private InvalidOperationException Unusable()
    {
        string reason = OpenSslErrors.Take();
        Dispose();
        string peer = _host is null ? "a client" : $"\"{_host}\"";
        return new InvalidOperationException($"A TLS session with {peer} cannot be made: {reason}.");
    }

    // OpenSSL would go on with the handshake by itself, past the check for ALPN.
    private void ThrowIfHandshaking()
    {
        if (!IsHandshakeDone)
            throw new InvalidOperationException("The TLS handshake is not complete.");
    }

    private void ThrowIfDisposed() => ObjectDisposedException.ThrowIf(_ssl == 0, this);
}
