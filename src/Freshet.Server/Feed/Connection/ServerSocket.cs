using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using Freshet.Core.Wire;

namespace Freshet.Server.Feed.Connection;

/// <summary>
/// A blocking socket to a server, encrypted or not. One thread reads and one at a time writes; <see cref="Abort"/> may
/// come from any thread and ends their waiting.
/// </summary>
internal sealed class ServerSocket : IDisposable
{
    private readonly Socket _socket;
    private int _aborted;

    private ServerSocket(Socket socket, Stream stream, byte[] channelBinding)
    {
        _socket = socket;
        Stream = stream;
        ChannelBinding = channelBinding;
    }

    public Stream Stream { get; }

    /// <summary>Hash of the server's certificate for SCRAM-SHA-256-PLUS; empty without TLS.</summary>
    public byte[] ChannelBinding { get; }

    public bool IsEncrypted => Stream is SslStream;

    /// <summary>Longest wait for bytes; zero: no limit.</summary>
    public TimeSpan ReceiveTimeout
    {
        set => _socket.ReceiveTimeout = (int)value.TotalMilliseconds;
    }

    /// <summary>Connects and, where asked, asks for TLS.</summary>
    /// <param name="server">Where to.</param>
    /// <param name="encryption">Whether.</param>
    /// <param name="timeout">For connecting, and for each read until <see cref="ReceiveTimeout"/> is set.</param>
    /// <param name="stop">Gives connecting up.</param>
    public static ServerSocket Open(
        FeedServer server, Encryption encryption, TimeSpan timeout, CancellationToken stop)
    {
        Socket socket = Connect(server, timeout, stop);
        try
        {
            socket.ReceiveTimeout = (int)timeout.TotalMilliseconds;
            socket.SendTimeout = (int)timeout.TotalMilliseconds;
            var stream = new NetworkStream(socket, ownsSocket: true);
            if (encryption == Encryption.None || server.IsUnixSocket)
            {
                return new ServerSocket(socket, stream, []);
            }

            stream.Write(new MessageWriter(8).BeginUntyped().Int32(ProtocolVersion.SslRequest).End().Written);
            switch (stream.ReadByte())
            {
                case 'S' when socket.Available == 0:
                    SslStream tls = ServerTls.Authenticate(stream, server);
                    return new ServerSocket(socket, tls, ServerTls.ChannelBinding(tls));
                case 'S':
                    // Bytes that came before the handshake were not the server's: CVE-2021-23222's class.
                    throw FeedException.Violation("data between its answer to SSLRequest and the TLS handshake");
                case 'N' when encryption == Encryption.IfOffered:
                    return new ServerSocket(socket, stream, []);
                case 'N':
                    throw new FeedException(
                        FeedFailure.Refused, $"{server.Target} does not offer TLS, and sslmode {server.Tls.Mode} asks "
                        + "for it");
                default:
                    throw FeedException.Violation("its answer to SSLRequest is neither S nor N");
            }
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    /// <summary>Ends the connection under whoever waits for it. Any thread.</summary>
    public void Abort()
    {
        if (Interlocked.Exchange(ref _aborted, 1) != 0)
        {
            return;
        }

        try
        {
            _socket.Shutdown(SocketShutdown.Both);
        }
        catch (Exception failure) when (failure is SocketException or ObjectDisposedException)
        {
            // It was gone already, which is what was wanted.
            return;
        }
    }

    public void Dispose()
    {
        Abort();
        Stream.Dispose();
    }

    private static Socket Connect(FeedServer server, TimeSpan timeout, CancellationToken stop)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(stop);
        limit.CancelAfter(timeout);
        try
        {
            EndPoint[] targets = server.IsUnixSocket
                ? [new UnixDomainSocketEndPoint(server.Target)]
                : [.. Dns.GetHostAddressesAsync(server.Host, limit.Token).GetAwaiter().GetResult()
                    .Select(address => new IPEndPoint(address, server.Port))];
            return ConnectFirst(targets, limit.Token);
        }
        catch (Exception failure)
            when (failure is SocketException or OperationCanceledException or ArgumentException)
        {
            string reason = failure is OperationCanceledException
                ? $"no connection within {timeout.TotalSeconds} s"
                : failure.Message;
            throw new FeedException(FeedFailure.Lost, $"cannot connect to {server.Target}: {reason}", failure);
        }
    }

    private static Socket ConnectFirst(EndPoint[] targets, CancellationToken limit)
    {
        for (int i = 0; ; i++)
        {
            try
            {
                return Connect(targets[i], limit);
            }
            catch (SocketException) when (i + 1 < targets.Length && !limit.IsCancellationRequested)
            {
                // A name with several addresses: the next one may answer, and the last one's failure is told.
            }
        }
    }

    /// <summary>Without ConnectAsync: after one asynchronous call .NET keeps a socket non-blocking for good, and each
    /// blocking read is then a wait for another thread's event, which costs several times what the read does.</summary>
    private static Socket Connect(EndPoint target, CancellationToken limit)
    {
        var socket = new Socket(target.AddressFamily, SocketType.Stream, ProtocolType.Unspecified);
        try
        {
            if (target is IPEndPoint)
            {
                socket.NoDelay = true;
                socket.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.KeepAlive, true);
                socket.SetSocketOption(SocketOptionLevel.Tcp, SocketOptionName.TcpKeepAliveTime, 15);
                socket.SetSocketOption(SocketOptionLevel.Tcp, SocketOptionName.TcpKeepAliveInterval, 5);
                socket.SetSocketOption(SocketOptionLevel.Tcp, SocketOptionName.TcpKeepAliveRetryCount, 3);
            }

            using (limit.Register(socket.Dispose)) // ends a connect that waits
            {
                socket.Connect(target);
            }

            limit.ThrowIfCancellationRequested();
            return socket;
        }
        catch (Exception failure) when (failure is SocketException or ObjectDisposedException)
        {
            socket.Dispose();
            limit.ThrowIfCancellationRequested();
            throw;
        }
    }
}

/// <summary>How much TLS a connection wants.</summary>
internal enum Encryption
{
    None,

    /// <summary>Clear text where the server has no TLS.</summary>
    IfOffered,

    Required,
}
