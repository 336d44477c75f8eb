using System.Buffers.Binary;
using System.Runtime.InteropServices;
using Freshet.Core.Wire;
using Freshet.Core.Wire.Auth;
using Freshet.Server.Proxy.Cancel;
using Freshet.Server.Proxy.Loop;
using Freshet.Server.Proxy.Pools;
using Freshet.Server.Proxy.Servers;
using Freshet.Server.Proxy.Settings;
using Freshet.Server.Proxy.Tls;

namespace Freshet.Server.Proxy.Clients;

/// <summary>
/// A client from its first byte to ReadyForQuery: TLS, start-up packet, authentication, a server connection where one
/// is needed to say welcome. Made for the login and dropped after it. Bytes sent too early, in front of a TLS
/// handshake, close the connection (CVE-2021-23214).
/// </summary>
internal sealed class ClientLogin(ClientSession client)
{
    private enum Step
    {
        FirstByte,
        Startup,
        TlsHandshake,
        Authentication,
        WaitingForServer,
    }

    private readonly long _startedAt = client.Loop.Now;
    private ClientAuthentication? _authentication;
    private StartupPacket? _packet;
    private Step _step = Step.FirstByte;
    private bool _encryptionAsked;
    private int _version;

    /// <summary>False while it only waits for a server connection: what the client sends then is held.</summary>
    public bool ReadsItself => _step != Step.WaitingForServer;

    /// <summary>Not while it waits for a server connection: that is the pool's doing, and its limits are
    /// <c>pool.waitTimeout</c> and <c>pool.serverConnectTimeout</c>.</summary>
    public bool IsLate(EventLoop loop) =>
        _step != Step.WaitingForServer
        && client.Proxy.Snapshot.ClientLoginTimeout > TimeSpan.Zero
        && System.Diagnostics.Stopwatch.GetElapsedTime(_startedAt, loop.Now) > client.Proxy.Snapshot.ClientLoginTimeout;

    public void OnReadable()
    {
        switch (_step)
        {
            case Step.FirstByte:
                OnFirstByte();
                break;
            case Step.TlsHandshake:
                Handshake();
                break;
            default:
                ReadPackets();
                break;
        }
    }

    /// <summary>A server connection is linked, or one of the proxy's own queries on it is done.</summary>
    public void OnServerAvailable()
    {
        if (client.Server is not { } server || (client.Replication is null && !client.Link.TryReady()))
        {
            return;
        }

        ClientWelcome.Say(client, ClientWelcome.Learn(client, server), _version);
    }

    private unsafe void OnFirstByte()
    {
        byte first;
        nint count = Native.recv(client.Transport.Descriptor, &first, 1, Native.MsgPeek);
        if (count <= 0)
        {
            if (count == 0 || Marshal.GetLastSystemError() is not (Native.ErrAgain or Native.ErrIntr))
            {
                client.Close();
            }

            return;
        }

        if (first == 0x16 && client.Proxy.ClientTls is { } tls)
        {
            StartTls(tls.CreateForClient(client.Transport.Descriptor, directTls: true));
            return;
        }

        _step = Step.Startup;
        ReadPackets();
    }

    private void StartTls(TlsSession session)
    {
        client.Transport.StartTls(session);
        _step = Step.TlsHandshake;
        Handshake();
    }

    private void Handshake()
    {
        TlsSession tls = client.Transport.Tls!;
        switch (client.Transport.Handshake())
        {
            case TlsStatus.Done:
                _step = Step.Startup;
                if (tls.HasPending)
                {
                    ReadPackets();
                }

                break;
            case TlsStatus.Closed or TlsStatus.Failed:
                Fail($"TLS handshake: {tls.Error}");
                client.Close();
                break;
        }
    }

    private void ReadPackets()
    {
        byte[] inbound = client.Loop.Inbound;
        int carried = client.Transport.TakeCarry(inbound);
        int count = client.Transport.Receive(inbound.AsSpan(carried, EventLoop.ScratchBytes));
        if (count < 0)
        {
            client.Close();
            return;
        }

        ReadOnlySpan<byte> data = inbound.AsSpan(0, carried + count);
        while (!client.IsClosed && _step is Step.Startup or Step.Authentication)
        {
            int used = _step == Step.Startup ? OnStartupBytes(data) : OnAuthenticationBytes(data);
            if (used == 0 || client.IsClosed || client.Login is null)
            {
                data = data[used..];
                break;
            }

            data = data[used..];
        }

        if (client.IsClosed)
        {
            return;
        }

        if (_step == Step.TlsHandshake)
        {
            Handshake();
            return;
        }

        client.Transport.KeepCarry(data);
        if (client.Transport.Tls is { HasPending: true } || (client.Login is null && !data.IsEmpty))
        {
            client.Loop.CallAgain(client);
        }
    }

    private int OnStartupBytes(ReadOnlySpan<byte> data)
    {
        if (data.Length < 4)
        {
            return 0;
        }

        int length = BinaryPrimitives.ReadInt32BigEndian(data);
        if (length < 8 || length > WireLimits.StartupPacketBytes)
        {
            Reject(
                ClientErrors.Protocol($"invalid length of startup packet: {length}"),
                "start-up packet of a wrong length"
            );
            return 0;
        }

        if (data.Length < length)
        {
            return 0;
        }

        _version = BinaryPrimitives.ReadInt32BigEndian(data[4..]);
        ReadOnlySpan<byte> body = data[8..length];
        switch (_version)
        {
            case ProtocolVersion.SslRequest or ProtocolVersion.GssEncRequest:
                OnEncryptionRequest(_version == ProtocolVersion.SslRequest, data.Length > length);
                break;
            case ProtocolVersion.CancelRequest:
                CancelRelay.OnRequest(client, body);
                break;
            default:
                OnStartup(body);
                break;
        }

        return length;
    }

    private void OnEncryptionRequest(bool tls, bool bytesBehind)
    {
        if (client.Transport.Tls is not null || (_encryptionAsked && tls))
        {
            Reject(ClientErrors.Protocol("encryption was negotiated already"), "a second SSLRequest");
            return;
        }

        _encryptionAsked |= tls;
        TlsContext? context = tls ? client.Proxy.ClientTls : null;
        if (bytesBehind)
        {
            string request = tls ? "SSL" : "GSSAPI encryption";
            Reject(
                ClientErrors.Protocol($"received unencrypted data after {request} request"),
                "bytes behind " + request
            );
            return;
        }

        client.Transport.Send(context is null ? "N"u8 : "S"u8);
        if (context is not null)
        {
            client.Transport.StartTls(context.CreateForClient(client.Transport.Descriptor, directTls: false));
            _step = Step.TlsHandshake;
        }
    }

    private void OnStartup(ReadOnlySpan<byte> body)
    {
        ProxySnapshot snapshot = client.Proxy.Snapshot;
        if (ProtocolVersion.Major(_version) != 3)
        {
            Reject(ClientErrors.UnsupportedProtocol(_version), "unsupported protocol");
        }
        else if ((_packet = StartupPacket.Read(body)) is null)
        {
            Reject(
                ClientErrors.Protocol("invalid startup packet layout, or no user name in it"),
                "malformed start-up packet"
            );
        }
        else if (client.Proxy.Draining)
        {
            client.CloseWith(ClientErrors.NotAccepting());
        }
        else if (Interlocked.Read(ref client.Proxy.Counters.Clients) > snapshot.MaxClientConnections)
        {
            Interlocked.Increment(ref client.Proxy.Counters.ClientsRefused);
            client.CloseWith(ClientErrors.TooManyClients(snapshot.MaxClientConnections));
        }
        else if (client.Transport.Tls is null && snapshot.ClientTls.Mode >= TlsMode.Require)
        {
            Reject(ClientErrors.TlsRequired(), "a connection without TLS");
        }
        else
        {
            NegotiateVersion();
            _step = Step.Authentication;
            _authentication = new ClientAuthentication(client, _packet.User);
            OnVerdict(_authentication.Begin());
        }
    }

    private void NegotiateVersion()
    {
        if (ProtocolVersion.Minor(_version) <= 2 && _packet!.Extensions.Count == 0)
        {
            return;
        }

        _version = Math.Min(_version, ProtocolVersion.Version32);
        MessageWriter answer = new MessageWriter()
            .Begin(BackendMessage.NegotiateProtocolVersion)
            .Int32(_version)
            .Int32(_packet!.Extensions.Count);
        _packet.Extensions.ForEach(extension => answer.CString(extension));
        client.Transport.Send(answer.End().Written);
    }

    private int OnAuthenticationBytes(ReadOnlySpan<byte> data)
    {
        if (data.Length < WireLimits.HeaderBytes)
        {
            return 0;
        }

        int length = BinaryPrimitives.ReadInt32BigEndian(data[1..]);
        if (data[0] != FrontendMessage.Password || length < 4 || length > WireLimits.AuthMessageBytes)
        {
            Reject(
                ClientErrors.Protocol($"expected password response, got message type {data[0]}"),
                "no password message"
            );
            return 0;
        }

        if (data.Length < length + 1)
        {
            return 0;
        }

        OnVerdict(_authentication!.OnMessage(data[5..(length + 1)]));
        return length + 1;
    }

    private void OnVerdict(AuthenticationVerdict verdict)
    {
        if (verdict.Error is not null)
        {
            Reject(verdict.Error, $"login of user \"{_packet!.User}\" failed");
        }
        else if (verdict.Done)
        {
            _authentication = null;
            Enter(verdict);
        }
    }

    /// <summary>Authenticated: into the pool.</summary>
    private void Enter(AuthenticationVerdict verdict)
    {
        StartupPacket packet = _packet!;
        Pool? pool = client.Proxy.Pools.Enter(packet.Database, packet.User);
        if (pool is null)
        {
            Reject(ClientErrors.NoDatabase(packet.Database), $"unknown database \"{packet.Database}\"");
            return;
        }

        client.Pool = pool;
        client.Mode = pool.Mode;
        client.Replication = packet.Replication;
        if (verdict.Keys is not null && ScramVerifier.TryParse(pool.ServerSecret, out _))
        {
            pool.ScramKeys = verdict.Keys; // no password is known: these are what logs in to the server
        }

        if (!StartupSettings.Take(client, packet))
        {
            client.CloseWith(ClientErrors.BadOptions(packet.Options!));
            return;
        }

        if (!client.KeepsServer && pool.FindWelcome(client.State.Baseline) is { } welcome)
        {
            ClientWelcome.Say(client, welcome, _version);
            return;
        }

        _step = Step.WaitingForServer;
        if (client.Replication is not null)
        {
            pool.OpenDedicated(client, client.Replication);
        }
        else if (client.Link.TryReady())
        {
            OnServerAvailable();
        }
    }

    private void Reject(byte[] error, string why)
    {
        Fail(why);
        client.CloseWith(error);
    }

    private void Fail(string why)
    {
        Interlocked.Increment(ref client.Proxy.Counters.LoginFailures);
        client.Proxy.Log.Write(ProxyLogLevel.Debug, "login failed: " + why);
    }
}
