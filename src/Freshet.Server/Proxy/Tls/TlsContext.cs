using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Freshet.Server.Proxy.Settings;

namespace Freshet.Server.Proxy.Tls;

/// <summary>The TLS settings of one side in OpenSSL's form (<c>SSL_CTX</c>), from which the sessions of that side are
/// made. Immutable after construction and shared by all threads; a reload makes another one and disposes this one,
/// which may happen while its sessions live and while another thread makes a session of it.
/// <para>What holds for both sides: TLS 1.2 or later (and whatever else the system's <c>openssl.cnf</c> asks for), no
/// renegotiation, no compression, no resumption. Tickets are off as in PostgreSQL: libpq never resumes, each ticket
/// costs a write after the handshake and a ticket key is a secret that undoes forward secrecy.</para>
/// <para>Read-ahead is on: a record takes one <c>read(2)</c> instead of two (header, then body). The price is that
/// decrypted or encrypted bytes may wait inside, where epoll does not see them: <see cref="TlsSession.HasPending"/>.
/// </para></summary>
internal sealed unsafe class TlsContext : IDisposable
{
    private readonly SslContextHandle _handle;
    private readonly bool _acceptsClients;
    private readonly bool _checksHost;

    [ThreadStatic]
    private static bool t_passphraseAsked;

    private TlsContext(SslContextHandle handle, bool acceptsClients, bool checksHost)
    {
        _handle = handle;
        _acceptsClients = acceptsClients;
        _checksHost = checksHost;
    }

    /// <summary>We are the TLS server. With an authority file a client's certificate is asked for and must be good when
    /// one is given (PostgreSQL's behaviour); <see cref="TlsMode.VerifyCa"/> and <see cref="TlsMode.VerifyFull"/>
    /// insist on one.</summary>
    /// <exception cref="TlsConfigurationException">OpenSSL is missing or does not take a file.</exception>
    public static TlsContext ForClients(TlsSnapshot settings)
    {
        RefuseDisabled(settings);
        bool insists = settings.Mode >= TlsMode.VerifyCa;
        if (settings.CertificateFile is null || settings.KeyFile is null)
            throw Invalid("client", $"mode {settings.Mode} needs CertificateFile and KeyFile");
        if (insists && settings.AuthorityFile is null)
        {
            // The system's authorities would let in everyone who owns a certificate for some web site.
            throw Invalid("client", $"mode {settings.Mode} needs AuthorityFile, which signs the clients' certificates");
        }

        SslContextHandle handle = Create();
        return Configure(handle, () =>
        {
            nint context = handle.DangerousGetHandle();
            UseCertificate(context, "client", settings.CertificateFile, settings.KeyFile);
            PostgresAlpn.SelectIn(context);
            if (settings.AuthorityFile is not null)
            {
                Trust(context, "client", settings.AuthorityFile);
                LibSsl.SSL_CTX_set_client_CA_list(context, LibSsl.SSL_load_client_CA_file(settings.AuthorityFile));
                int insistence = insists ? LibSsl.VerifyFailWithoutPeerCertificate : 0;
                LibSsl.SSL_CTX_set_verify(context, LibSsl.VerifyPeer | insistence, 0);
            }

            return new TlsContext(handle, acceptsClients: true, checksHost: false);
        });
    }

    /// <summary>We are the TLS client. As in libpq <see cref="TlsMode.Require"/> with an authority file means
    /// <see cref="TlsMode.VerifyCa"/>, and the system's authorities are trusted in <see cref="TlsMode.VerifyFull"/>
    /// only: without the name they would vouch for anyone.</summary>
    /// <exception cref="TlsConfigurationException">OpenSSL is missing or does not take a file.</exception>
    public static TlsContext ForServers(TlsSnapshot settings)
    {
        RefuseDisabled(settings);
        if (settings.Mode == TlsMode.VerifyCa && settings.AuthorityFile is null)
            throw Invalid("server", "mode VerifyCa needs AuthorityFile; with the system's authorities use VerifyFull");
        if (settings.CertificateFile is null != settings.KeyFile is null)
            throw Invalid("server", "CertificateFile and KeyFile go together, only one of them is given");

        SslContextHandle handle = Create();
        return Configure(handle, () =>
        {
            nint context = handle.DangerousGetHandle();
            if (settings is { CertificateFile: not null, KeyFile: not null })
                UseCertificate(context, "server", settings.CertificateFile, settings.KeyFile);
            if (!PostgresAlpn.OfferIn(context))
                throw Invalid("server", $"OpenSSL refused ALPN: {OpenSslErrors.Take()}");
            bool verifies = settings.Mode >= TlsMode.VerifyCa
                || (settings.Mode == TlsMode.Require && settings.AuthorityFile is not null);
            if (verifies)
                Trust(context, "server", settings.AuthorityFile);
            LibSsl.SSL_CTX_set_verify(context, verifies ? LibSsl.VerifyPeer : LibSsl.VerifyNone, 0);
            return new TlsContext(handle, acceptsClients: false, checksHost: settings.Mode == TlsMode.VerifyFull);
        });
    }

    /// <summary>A session with a client on its accepted, non-blocking socket, which still holds the whole ClientHello.
    /// </summary>
    /// <param name="descriptor">Stays the caller's; must outlive the session.</param>
    /// <param name="directTls">The client spoke TLS from its first byte, so it must name the protocol by ALPN.</param>
    public TlsSession CreateForClient(int descriptor, bool directTls)
    {
        if (!_acceptsClients)
            throw new InvalidOperationException("This context is for connections to servers.");
        return Open(handle => TlsSession.Accept(handle, descriptor, directTls));
    }

    /// <summary>A session with a server on a connected, non-blocking socket, after the server's <c>S</c>.</summary>
    /// <param name="descriptor">Stays the caller's; must outlive the session.</param>
    /// <param name="host">The configured name or address: told to the server (names only, RFC 6066) and looked for in
    /// its certificate in <see cref="TlsMode.VerifyFull"/>.</param>
    public TlsSession CreateForServer(int descriptor, string host)
    {
        if (_acceptsClients)
            throw new InvalidOperationException("This context is for connections from clients.");
        return Open(handle => TlsSession.Connect(handle, descriptor, host, _checksHost));
    }

    public void Dispose() => _handle.Dispose();

    private TlsSession Open(Func<nint, TlsSession> create)
    {
        bool held = false;
        try
        {
            _handle.DangerousAddRef(ref held);
            return create(_handle.DangerousGetHandle());
        }
        finally
        {
            if (held)
                _handle.DangerousRelease();
        }
    }

    private static TlsContext Configure(SslContextHandle handle, Func<TlsContext> configure)
    {
        try
        {
            return configure();
        }
        catch
        {
            handle.Dispose();
            throw;
        }
    }

    private static SslContextHandle Create()
    {
        OpenSslLibrary.EnsureLoaded();
        LibCrypto.ERR_clear_error();
        nint context = LibSsl.SSL_CTX_new(LibSsl.TLS_method());
        if (context == 0)
            throw new TlsConfigurationException($"OpenSSL cannot make a TLS context: {OpenSslErrors.Take()}.");

        const int mode = LibSsl.ModeReleaseBuffers | LibSsl.ModeEnablePartialWrite | LibSsl.ModeAcceptMovingWriteBuffer;
        LibSsl.SSL_CTX_ctrl(context, LibSsl.ControlMode, new CLong(mode), 0);
        LibSsl.SSL_CTX_ctrl(context, LibSsl.ControlReadAhead, new CLong(1), 0);
        LibSsl.SSL_CTX_ctrl(context, LibSsl.ControlSessionCacheMode, new CLong(0), 0);
        LibSsl.SSL_CTX_ctrl(context, LibSsl.ControlMinimumProtocol, new CLong(LibSsl.Tls12), 0);
        const ulong options = LibSsl.OptionNoTicket | LibSsl.OptionNoCompression | LibSsl.OptionNoRenegotiation
            | LibSsl.OptionCipherServerPreference;
        LibSsl.SSL_CTX_set_options(context, options);
        LibSsl.SSL_CTX_set_num_tickets(context, 0); // NO_TICKET alone leaves TLS 1.3's stateful tickets on
        LibSsl.SSL_CTX_set_default_passwd_cb(context, &RefusePassphrase);
        return new SslContextHandle(context);
    }

    private static void UseCertificate(nint context, string side, string certificate, string key)
    {
        LibCrypto.ERR_clear_error();
        if (LibSsl.SSL_CTX_use_certificate_chain_file(context, certificate) != 1)
            throw Invalid(side, $"CertificateFile \"{certificate}\" cannot be used: {OpenSslErrors.Take()}");

        t_passphraseAsked = false;
        if (LibSsl.SSL_CTX_use_PrivateKey_file(context, key, LibSsl.FileTypePem) != 1)
        {
            string reason = OpenSslErrors.Take();
            if (t_passphraseAsked)
                reason = "the key is encrypted, and passphrases are not supported";
            throw Invalid(side, $"KeyFile \"{key}\" cannot be used: {reason}");
        }

        if (LibSsl.SSL_CTX_check_private_key(context) != 1)
        {
            string reason = OpenSslErrors.Take();
            throw Invalid(side, $"KeyFile \"{key}\" does not belong to CertificateFile \"{certificate}\": {reason}");
        }
    }

    private static void Trust(nint context, string side, string? authority)
    {
        LibCrypto.ERR_clear_error();
        if (authority is null)
        {
            if (LibSsl.SSL_CTX_set_default_verify_paths(context) != 1)
                throw Invalid(side, $"the system's certificate authorities cannot be read: {OpenSslErrors.Take()}");
        }
        else if (LibSsl.SSL_CTX_load_verify_file(context, authority) != 1)
        {
            throw Invalid(side, $"AuthorityFile \"{authority}\" cannot be used: {OpenSslErrors.Take()}");
        }
    }

    private static void RefuseDisabled(TlsSnapshot settings)
    {
        if (settings.Mode == TlsMode.Disable)
            throw new ArgumentException("TLS is disabled by these settings.", nameof(settings));
    }

    private static TlsConfigurationException Invalid(string side, string problem) => new($"{side} TLS: {problem}.");

    /// <summary>OpenSSL's default asks on the terminal and so would block the process.</summary>
    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int RefusePassphrase(byte* buffer, int size, int writing, nint argument)
    {
        t_passphraseAsked = true;
        return -1;
    }
}
