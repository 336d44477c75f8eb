using System.Net.Sockets;
using Freshet.Tests.Integration.Wire;

namespace Freshet.Tests.Integration.Hardening.Fuzz;

/// <summary>One client after the other that sends spoilt traffic, on a thread of its own. Whatever it gets back must be
/// whole messages, an orderly end, and nothing of anybody else's.</summary>
/// <param name="port">The proxy's.</param>
/// <param name="seed">Decides all that is sent, together with the case's number.</param>
internal sealed class MutatedClient(int port, int seed)
{
    /// <summary>How long it waits for more before it hangs up; whatever comes later is read all the same.</summary>
    private static readonly TimeSpan Silence = TimeSpan.FromMilliseconds(10);

    /// <summary>Cases that are done.</summary>
    public int Cases { get; private set; }

    /// <summary>Cases that were told an error.</summary>
    public int Errors { get; private set; }

    /// <summary>Runs until the time is over; gives what is wrong, or null.</summary>
    public string? Run(DateTime until)
    {
        for (; DateTime.UtcNow < until; Cases++)
        {
            var random = new Random((seed * 1_000_003) + Cases);
            var session = ValidTraffic.Sessions[random.Next(ValidTraffic.Sessions.Count)];
            var bytes = new ByteMutator(random).Mutate(session, isFirstUntyped: true);
            if (Attempt(bytes, random) is { } fault)
            {
                return $"seed {seed}, case {Cases}: {fault}\n  sent {Convert.ToHexString(bytes)}";
            }
        }

        return null;
    }

    private string? Attempt(byte[] bytes, Random random)
    {
        using var client = WireClient.Connect("127.0.0.1", port);
        if (random.Next(4) is 0)
        {
            bytes = [.. bytes, .. Frontend.Terminate()];
        }

        client.PacketBytes = random.Next(4) is 0 ? random.Next(1, 60) : 0;
        var hungUp = false;
        try
        {
            SendAll(client, bytes);
            while (!client.IsSilentFor(Silence))
            {
                if (client.TryRead() is null)
                {
                    return Judge(client);
                }
            }

            hungUp = true;
            if (random.Next(3) is 0)
            {
                client.Abort();
                return Judge(client);
            }

            EndSending(client);
            client.ReadUntilClosed();
            return Judge(client);
        }
        catch (EndOfStreamException) when (hungUp)
        {
            return Judge(client); // who leaves in the middle of an answer does not get the rest of it
        }
        catch (Exception exception) when (exception is EndOfStreamException or TimeoutException or InvalidDataException)
        {
            return exception.Message.Split('\n')[0];
        }
    }

    private static void SendAll(WireClient client, byte[] bytes)
    {
        try
        {
            client.Send(bytes);
        }
        catch (SocketException exception)
            when (exception.SocketErrorCode is SocketError.ConnectionReset or SocketError.Shutdown)
        {
            // Closed before all was sent: the reason can still be read.
        }
    }

    private static void EndSending(WireClient client)
    {
        try
        {
            client.EndSending();
        }
        catch (SocketException exception) when (exception.SocketErrorCode is SocketError.NotConnected)
        {
            // Closed by the peer in the meantime.
        }
    }

    private string? Judge(WireClient client)
    {
        Errors += client.Received.Any(message => message.Type is 'E') ? 1 : 0;
        // A line of a transcript is made by reading the message through: that it could be is part of the verdict.
        return client.Transcript.Lines.FirstOrDefault(line =>
                line.Contains(Neighbour.Mark, StringComparison.Ordinal)
                || line.StartsWith("unknown message", StringComparison.Ordinal)) is { } wrong
            ? $"received {wrong}"
            : null;
    }
}
