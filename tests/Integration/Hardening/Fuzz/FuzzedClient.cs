using System.Net.Sockets;
using Freshet.Tests.Integration.Wire;

namespace Freshet.Tests.Integration.Hardening.Fuzz;

/// <summary>One client of a fuzz run, on a thread of its own: sends random batches and compares every answer with what
/// its model says.</summary>
/// <param name="port">The proxy's.</param>
/// <param name="seed">Decides all that it sends.</param>
/// <param name="name">In the texts and in the report.</param>
/// <param name="mayLose">Whether the server may die under it.</param>
internal sealed class FuzzedClient(int port, int seed, string name, bool mayLose)
{
    private readonly Random _random = new(seed);

    public int Answers { get; private set; }

    /// <summary>Runs until the time is over; gives what is wrong, or null.</summary>
    public string? Run(DateTime until)
    {
        while (DateTime.UtcNow < until)
        {
            using var client = WireClient.Connect("127.0.0.1", port, name);
            try
            {
                client.Login("fuzz", "fuzz");
            }
            catch (EndOfStreamException) when (mayLose)
            {
                continue;
            }
            catch (Exception exception) when (exception is EndOfStreamException or TimeoutException)
            {
                return $"{name}: login: {exception.Message}";
            }

            var model = new ModelBackend();
            var batches = new RandomBatch(_random, name, model);
            for (var round = _random.Next(1, 60); round >= 0; round--)
            {
                var (sent, expected) = round is 0 ? batches.Rest() : batches.Next();
                client.PacketBytes = _random.Next(3) is 0 ? _random.Next(1, 30) : 0;
                if (_random.Next(200) is 0)
                {
                    Vanish(client, sent);
                    break;
                }

                var (fault, isLost) = Exchange(client, sent, expected);
                if (fault is not null)
                {
                    return fault;
                }

                if (isLost)
                {
                    break;
                }
            }
        }

        return null;
    }

    private void Vanish(WireClient client, List<byte[]> sent)
    {
        byte[] bytes = [.. sent.SelectMany(message => message)];
        try
        {
            client.Send(bytes[.._random.Next(bytes.Length)]);
        }
        catch (SocketException) when (mayLose)
        {
            // The server died, and the proxy has closed the connection already.
        }

        if (_random.Next(2) is 0)
        {
            client.Abort();
        }
    }

    private (string? Fault, bool IsLost) Exchange(WireClient client, List<byte[]> sent, List<byte[]> expected)
    {
        List<string> received = [];
        try
        {
            client.Send([.. sent]);
            foreach (var answer in expected)
            {
                var due = Line(new WireMessage((char)answer[0], answer[5..]));
                var message = Read(client);
                var line = message is null ? "closed" : Line(message);
                if (string.Equals(due, line, StringComparison.Ordinal))
                {
                    received.Add(line);
                    Answers++;
                    continue;
                }

                return mayLose && (message is null || message.Field('C') is "08006" or "57P01")
                    ? (null, true)
                    : (Report(client, sent, received, due, line), true);
            }
        }
        catch (Exception exception) when (exception is EndOfStreamException or SocketException && mayLose)
        {
            return (null, true);
        }
        catch (Exception exception)
            when (exception is EndOfStreamException or SocketException or TimeoutException or InvalidDataException)
        {
            var due = expected.Count > received.Count ? (char)expected[received.Count][0] : '-';
            return (Report(client, sent, received, $"'{due}'", exception.Message.Split('\n')[0]), true);
        }

        return (null, false);
    }

    private string Report(WireClient client, List<byte[]> sent, List<string> received, string due, string line) =>
        $"{name}: sent {string.Join(", ", sent.Select(Sent))}\n  received {string.Join(" | ", received)}\n"
        + $"  due      {due}\n  came     {line}\n  before:\n    "
        + string.Join("\n    ", client.Transcript.Lines.SkipLast(received.Count).TakeLast(15));

    private static string Sent(byte[] message) =>
        $"{(char)message[0]}({System.Text.Encoding.UTF8.GetString(message.AsSpan(5)).Replace('\0', ' ').Trim()})";

    /// <summary>The next message that answers something.</summary>
    private static WireMessage? Read(WireClient client)
    {
        WireMessage? message;
        do
        {
            message = client.TryRead();
        } while (message is { Type: 'N' or 'S' });

        return message;
    }

    private static string Line(WireMessage message) =>
        message.Type is 'E' ? $"ErrorResponse {message.Field('C')}" : message.ToString();
}
