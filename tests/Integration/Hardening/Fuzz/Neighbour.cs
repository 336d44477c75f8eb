using System.Globalization;
using System.Net.Sockets;
using Freshet.Tests.Integration.Wire;
using static Freshet.Tests.Integration.Wire.Frontend;

namespace Freshet.Tests.Integration.Hardening.Fuzz;

/// <summary>A well-behaved client beside those that are fuzzed, on a thread of its own: every message that it receives
/// must be the one due, its settings and statements must be its own, and its rows must be kept.</summary>
/// <param name="port">The proxy's.</param>
/// <param name="number">In all that it says.</param>
internal sealed class Neighbour(int port, int number)
{
    /// <summary>In everything that only neighbours send and receive.</summary>
    public const string Mark = "neighbour";

    public const string Table = "create table if not exists kept (who text, serial int)";

    /// <summary>Rounds of which each must get this many done; on a busy machine that takes longer than it was given.
    /// </summary>
    public const int Least = 6;

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly string _name = $"{Mark} {number}";
    private int _serial;

    /// <summary>Rows that were committed.</summary>
    public int Kept { get; private set; }

    public string Name => _name;

    /// <summary>Runs until the time is over and enough is done; gives what is wrong, or null.</summary>
    public string? Run(DateTime until)
    {
        bool GoesOn() => DateTime.UtcNow < (Kept < Least ? until + Patience : until);
        while (GoesOn())
        {
            using var client = WireClient.Connect("127.0.0.1", port, _name);
            try
            {
                client.Login("app", "app", ("application_name", _name));
                Expect(client, [Query($"set work_mem = '{5000 + number}kB'")], "CommandComplete SET");
                Expect(client, [Parse("s1", $"select '{_name}', $1::text"), Sync()], "ParseComplete");
                for (var round = 0; round < 40 && GoesOn(); round++)
                {
                    Round(client);
                }

                client.Send(Terminate());
            }
            catch (Exception exception)
                when (exception is EndOfStreamException or TimeoutException or InvalidDataException or SocketException)
            {
                return $"{_name}: {exception.Message.Split('\n')[0]}\n  "
                    + string.Join("\n  ", client.Transcript.Lines.TakeLast(12));
            }
        }

        return null;
    }

    private void Round(WireClient client)
    {
        var serial = (++_serial).ToString(CultureInfo.InvariantCulture);
        const string settings = "current_setting('application_name'), current_setting('work_mem')";
        Expect(
            client, [Query($"select '{_name}', {serial}, {settings}")],
            "RowDescription", $"DataRow '{_name}' '{serial}' '{_name}' '{5000 + number}kB'",
            "CommandComplete SELECT 1");
        Expect(
            client, [Bind("", "s1", serial), Execute(), Sync()],
            "BindComplete", $"DataRow '{_name}' '{serial}'", "CommandComplete SELECT 1");
        Expect(
            client, [Query($"copy (select '{_name}', {serial}) to stdout")],
            "CopyOutResponse", $"CopyData {_name}\t{serial}", "CopyDone", "CommandComplete COPY 1");
        Expect(client, [Query("begin")], 'T', "CommandComplete BEGIN");
        Expect(client, [Query($"insert into kept values ('{_name}', {serial})")], 'T', "CommandComplete INSERT 0 1");
        Expect(
            client, [Query($"select count(*) from kept where who = '{_name}'")], 'T',
            "RowDescription", $"DataRow '{Kept + 1}'", "CommandComplete SELECT 1");
        Expect(client, [Query("commit")], "CommandComplete COMMIT");
        Kept++;
    }

    private static void Expect(WireClient client, byte[][] messages, params string[] answers) =>
        Expect(client, messages, 'I', answers);

    private static void Expect(WireClient client, byte[][] messages, char status, params string[] answers)
    {
        client.Send(messages);
        foreach (var due in (string[])[.. answers, $"ReadyForQuery {status}"])
        {
            var message = client.Read();
            while (message.Type is 'S')
            {
                message = client.Read();
            }

            var came = message.ToString();
            var isRight = message.Type is 'T' or 'H'
                ? came.StartsWith(due, StringComparison.Ordinal)
                : string.Equals(came, due, StringComparison.Ordinal);
            if (!isRight)
            {
                throw new InvalidDataException($"due was {due}, and there came {came}");
            }
        }
    }
}
