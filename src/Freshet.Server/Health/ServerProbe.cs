using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using Freshet.Core.Wire;

namespace Freshet.Server.Health;

/// <summary>A server that clients are sent to.</summary>
/// <param name="Host">Name, address, or the directory of a unix socket.</param>
/// <param name="Port">The port.</param>
/// <param name="Target">As logs name it.</param>
internal sealed record HealthTarget(string Host, int Port, string Target);

/// <summary>Whether a server answered.</summary>
/// <param name="Target">Who was asked.</param>
/// <param name="Time">Until its answer.</param>
/// <param name="Failure">Why there was none; null: it answered.</param>
internal sealed record ProbeResult(HealthTarget Target, TimeSpan Time, string? Failure);

/// <summary>
/// Asks a server for TLS and takes any answer for a sign of life. That needs no password, no database and none of the
/// pool's connections, and PostgreSQL logs nothing of it; a server that accepts connections and does nothing more does
/// not pass.
/// </summary>
internal static class ServerProbe
{
    private static readonly byte[] s_question = Question();

    /// <param name="target">Who is asked.</param>
    /// <param name="limit">For all of it.</param>
    /// <param name="cancellation">Ends it early.</param>
    public static async Task<ProbeResult> AskAsync(
        HealthTarget target, TimeSpan limit, CancellationToken cancellation)
    {
        long started = TimeProvider.System.GetTimestamp();
        using var timed = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        timed.CancelAfter(limit);
        string? failure;
        try
        {
            failure = await AskAsync(target, timed.Token);
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
            failure = $"no answer within {limit.TotalSeconds:0.#} s";
        }
        catch (SocketException refused)
        {
            failure = refused.Message;
        }

        return new ProbeResult(target, TimeProvider.System.GetElapsedTime(started), failure);
    }

    private static async Task<string?> AskAsync(HealthTarget target, CancellationToken cancellation)
    {
        bool isUnix = target.Host.StartsWith('/');
        using var socket = isUnix
            ? new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified)
            : new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        EndPoint address = isUnix
            ? new UnixDomainSocketEndPoint($"{target.Host}/.s.PGSQL.{target.Port}")
            : new DnsEndPoint(target.Host, target.Port);
        await socket.ConnectAsync(address, cancellation);
        await socket.SendAsync(s_question, cancellation);
        byte[] answer = new byte[1];
        return await socket.ReceiveAsync(answer, cancellation) == 1
            ? null
            : "it closed the connection without an answer";
    }

    private static byte[] Question()
    {
        byte[] question = new byte[8];
        BinaryPrimitives.WriteInt32BigEndian(question, question.Length);
        BinaryPrimitives.WriteInt32BigEndian(question.AsSpan(4), ProtocolVersion.SslRequest);
        return question;
    }
}
