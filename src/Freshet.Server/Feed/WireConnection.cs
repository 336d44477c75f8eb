using System.Buffers.Binary;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Freshet.Core.Wire;
using Freshet.Core.Wire.Auth;
using Freshet.Server.Proxy.Settings;

namespace Freshet.Server.Feed;

/// <summary>A blocking connection that speaks the protocol message by message, for replication, which Npgsql's public
/// interface does not let ask for a keepalive. One thread reads; any may <see cref="Send"/>; <see cref="Dispose"/> from
/// another thread ends a wait.</summary>
internal sealed class WireConnection : IDisposable
{
    /// <summary>A row of key columns is small; a message longer than that is not ours.</summary>
    private const int LargestMessage = 64 * 1024 * 1024;

    private const int PatienceMilliseconds = 30_000;

    private readonly FeedTarget _target;
    private readonly Lock _sending = new();
    private readonly Socket _socket;
    private readonly ScramSecret _secret;
    private Stream _stream = Stream.Null;
    private byte[] _buffer = new byte[16 * 1024];
    private int _start, _end;

    public WireConnection(FeedTarget target)
    {
        _target = target;
        _secret = new ScramSecret(target.Password ?? "");
        _socket = target.IsUnixSocket
            ? new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified)
            : new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        _socket.SendTimeout = PatienceMilliseconds;
        _socket.ReceiveTimeout = PatienceMilliseconds;
    }

    /// <summary>Connects and logs in; returns at the first ReadyForQuery.</summary>
    /// <exception cref="FeedException">The server refuses.</exception>
    public void Open(IReadOnlyList<(string Name, string Value)> parameters)
    {
        if (_target.IsUnixSocket)
        {
            _socket.Connect(new UnixDomainSocketEndPoint($"{_target.Host}/.s.PGSQL.{_target.Port}"));
        }
        else
        {
            _socket.Connect(_target.Host, _target.Port);
        }

        _stream = new NetworkStream(_socket, ownsSocket: false);
        if (!_target.IsUnixSocket && _target.Tls.Mode is not (TlsMode.Disable or TlsMode.Allow))
        {
            Encrypt();
        }

        var startup = new MessageWriter().BeginUntyped().Int32(ProtocolVersion.Version30);
        foreach ((string name, string value) in parameters)
        {
            startup.CString(name).CString(value);
        }

        Send(startup.Byte(0).End().Written);
        LogIn();
    }

    public void Send(ReadOnlySpan<byte> bytes)
    {
        lock (_sending)
        {
            _stream.Write(bytes);
        }
    }

    /// <summary>Waits without limit from now on: a stream may be silent.</summary>
    public void WaitForever() => _socket.ReceiveTimeout = 0;

    /// <summary>The next message; its body is valid until the next call. Notices and parameters are passed over.
    /// </summary>
    /// <exception cref="FeedException">The server has sent an error, or has gone.</exception>
    public ReadOnlySpan<byte> Receive(out byte type)
    {
        while (true)
        {
            Fill(WireLimits.HeaderBytes);
            type = _buffer[_start];
            int length = BinaryPrimitives.ReadInt32BigEndian(_buffer.AsSpan(_start + 1));
            if (length is < 4 or > LargestMessage)
            {
                throw new FeedException($"the server announces a message of {length} bytes");
            }

            Fill(length + 1);
            ReadOnlySpan<byte> body = _buffer.AsSpan(_start + WireLimits.HeaderBytes, length - 4);
            _start += length + 1;
            switch (type)
            {
                case BackendMessage.ErrorResponse:
                    ErrorFields error = ErrorFields.Read(body);
                    // undefined, forbidden or switched off: somebody has to change something
                    bool permanent = error.SqlStateText
                        is "42501" or "42704" or "55000" or "28000" or "28P01" or "0A000";
                    throw new FeedException($"{error.MessageText} ({error.SqlStateText})", permanent);
                case BackendMessage.NoticeResponse or BackendMessage.ParameterStatus
                    or BackendMessage.NotificationResponse:
                    continue;
                default:
                    return body;
            }
        }
    }

    public void Dispose()
    {
        _socket.Dispose();
        _stream.Dispose();
    }

    private void Fill(int needed)
    {
        if (_end - _start >= needed)
        {
            return;
        }

        if (_start > 0)
        {
            Buffer.BlockCopy(_buffer, _start, _buffer, 0, _end - _start);
            _end -= _start;
            _start = 0;
        }

        if (needed > _buffer.Length)
        {
            Array.Resize(ref _buffer, Math.Max(needed, _buffer.Length * 2));
        }

        while (_end < needed)
        {
            int count = _stream.Read(_buffer, _end, _buffer.Length - _end);
            if (count == 0)
            {
                throw new FeedException("the server has closed the connection");
            }

            _end += count;
        }
    }

    private void Encrypt()
    {
        Send(new MessageWriter().BeginUntyped().Int32(80877103).End().Written); // SSLRequest
        int answer = _stream.ReadByte();
        if (answer != 'S')
        {
            if (_target.Tls.Mode == TlsMode.Prefer)
            {
                return;
            }

            throw new FeedException("the server does not offer TLS", isPermanent: true);
        }

        var encrypted = new SslStream(_stream, leaveInnerStreamOpen: false, IsTrusted);
        X509CertificateCollection? own = _target.Tls.CertificateFile is { } file
            ? [X509Certificate2.CreateFromPemFile(file, _target.Tls.KeyFile)]
            : null;
        encrypted.AuthenticateAsClient(
            new SslClientAuthenticationOptions { TargetHost = _target.Host, ClientCertificates = own });
        _stream = encrypted;
    }

    private bool IsTrusted(object sender, X509Certificate? certificate, X509Chain? chain, SslPolicyErrors errors)
    {
        if (_target.Tls.Mode is not (TlsMode.VerifyCa or TlsMode.VerifyFull))
        {
            return true;
        }

        bool named = _target.Tls.Mode == TlsMode.VerifyCa
            || (errors & SslPolicyErrors.RemoteCertificateNameMismatch) == 0;
        if (!named || certificate is not X509Certificate2 shown)
        {
            return false;
        }

        if (_target.Tls.AuthorityFile is not { } file)
        {
            return (errors & ~SslPolicyErrors.RemoteCertificateNameMismatch) == SslPolicyErrors.None;
        }

        using var own = new X509Chain();
        own.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;
        own.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        own.ChainPolicy.CustomTrustStore.ImportFromPemFile(file);
        return own.Build(shown);
    }

    private void LogIn()
    {
        var scram = new ScramLogin(_secret);
        while (true)
        {
            ReadOnlySpan<byte> body = Receive(out byte type);
            if (type == BackendMessage.ReadyForQuery)
            {
                return;
            }

            if (type == BackendMessage.Authentication && Answer(scram, body) is { } answer)
            {
                Send(answer);
            }
        }
    }

    private byte[]? Answer(ScramLogin scram, ReadOnlySpan<byte> body)
    {
        if (body.Length < 4)
        {
            throw new FeedException("the server sends an empty authentication request");
        }

        ReadOnlySpan<byte> data = body[4..];
        int request = BinaryPrimitives.ReadInt32BigEndian(body);
        switch (request)
        {
            case 0:
                return null;
            case 3:
                return Password(Encoding.UTF8.GetBytes(Needed()));
            case 5 when data.Length == 4:
                string hash = Md5Password.Hash(_target.User, Needed());
                return Password(Encoding.ASCII.GetBytes(Md5Password.Answer(hash, data)));
            case 10 or 11 or 12:
                _ = Needed();
                return scram.Answer(request, data);
            default:
                throw new FeedException($"the server asks for authentication method {request}", isPermanent: true);
        }
    }

    private string Needed() =>
        _target.Password ?? throw new FeedException(
            $"the server asks user \"{_target.User}\" for a password, and Freshet knows none in clear: give the "
            + "database a user and password",
            isPermanent: true);

    private static byte[] Password(ReadOnlySpan<byte> answer) =>
        new MessageWriter().Begin(FrontendMessage.Password).CString(answer).End().ToArray();
}
