using System.Globalization;
using System.Net.Sockets;
using Freshet.Tests.Integration.Wire;
using static Freshet.Tests.Integration.Wire.Frontend;

namespace Freshet.Tests.Integration.Hardening;

/// <summary>One client of the stress test, on a thread of its own: transactions of two rows each, a setting and a
/// prepared statement of its own, under the same names as everybody else's.</summary>
internal sealed class StressedClient(int port, int number)
{
    private readonly Random _random = new(number);
    private int _serial;

    public int Number => number;

    /// <summary>Tokens of transactions whose COMMIT was answered.</summary>
    public List<string> Acknowledged { get; } = [];

    /// <summary>Tokens of transactions whose COMMIT was sent and not answered.</summary>
    public List<string> Unknown { get; } = [];

    public List<string> RolledBack { get; } = [];

    /// <summary>Gives what is wrong, or null.</summary>
    public string? Run(DateTime until)
    {
        while (DateTime.UtcNow < until)
        {
            using var client = WireClient.Connect("127.0.0.1", port, $"client {number}");
            try
            {
                if (Session(client, until) is { } fault)
                {
                    return fault;
                }
            }
            catch (Exception exception) when (exception is EndOfStreamException or SocketException)
            {
                // Its server connection was terminated: the next session is a new one.
            }
            catch (Exception exception) when (exception is TimeoutException or InvalidDataException)
            {
                return $"client {number}: {exception.Message.Split('\n')[0]}\n  "
                    + string.Join("\n  ", client.Transcript.Lines.TakeLast(8));
            }
        }

        return null;
    }

    private string? Session(WireClient client, DateTime until)
    {
        var mark = number.ToString(CultureInfo.InvariantCulture);
        client.Login("wire", "wire");
        client.Query($"set application_name = 'client {mark}'");
        client.Batch(Parse("mine", $"select '{mark}', current_setting('application_name')"));
        for (var round = _random.Next(1, 100); round > 0 && DateTime.UtcNow < until; round--)
        {
            if ((Transaction(client) ?? Look(client, mark)) is { } fault)
            {
                return fault;
            }

            if (_random.Next(100) is 0)
            {
                client.Send(Query("begin; insert into ledger values (-1, 'vanished', 1)"));
                client.Abort();
                return null;
            }
        }

        return null;
    }

    private string? Transaction(WireClient client)
    {
        var token = $"{number}/{_serial++}";
        var isKept = _random.Next(4) is not 0;
        client.Query("begin");
        client.Query($"insert into ledger values ({number}, '{token}', 1)");
        var seen = client.Query("select count(*) from ledger where token = '" + token + "'");
        client.Query($"insert into ledger values ({number}, '{token}', 2)");
        if (seen is not "1" || HasError(client))
        {
            return $"client {number}: {seen} rows of its own\n  "
                + string.Join("\n  ", client.Transcript.Lines.TakeLast(8));
        }

        (isKept ? Unknown : RolledBack).Add(token);
        client.Query(isKept ? "commit" : "rollback");
        if (isKept)
        {
            Unknown.Remove(token);
            Acknowledged.Add(token);
        }

        return null;
    }

    /// <summary>The session's own setting and statement, whatever connection serves it.</summary>
    private string? Look(WireClient client, string mark)
    {
        var before = client.Received.Count;
        client.Batch(Bind("", "mine"), Execute());
        var row = client.Received.Skip(before).FirstOrDefault(message => message.Type is 'D')?.Row();
        return string.Equals($"{mark}, client {mark}", string.Join(", ", row ?? []), StringComparison.Ordinal)
            ? null
            : $"client {number} found {string.Join(", ", row ?? [])}\n  "
                + string.Join("\n  ", client.Transcript.Lines.TakeLast(8));
    }

    /// <summary>A server that was terminated says so before it closes; anything else is a fault.</summary>
    private static bool HasError(WireClient client) =>
        client.Received.Any(message => message.Type is 'E' && message.Field('C') is not ("57P01" or "08006"));
}
