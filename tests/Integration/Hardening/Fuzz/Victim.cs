using System.Globalization;
using System.Net.Sockets;
using Freshet.Tests.Integration.Wire;
using static Freshet.Tests.Integration.Wire.Frontend;

namespace Freshet.Tests.Integration.Hardening.Fuzz;

/// <summary>One client after the other whose answers are spoilt on their way from the server, on a thread of its own.
/// Each sends one batch, reads what comes, and goes.</summary>
/// <param name="port">The proxy's.</param>
/// <param name="seed">Decides what it sends.</param>
internal sealed class Victim(int port, int seed)
{
    /// <summary>How long it waits for more: a message that was cut short never comes whole.</summary>
    private static readonly TimeSpan Silence = TimeSpan.FromMilliseconds(50);

    private readonly Random _random = new(seed);

    public int Cases { get; private set; }

    /// <summary>Cases that were told the loss of the server, or were closed.</summary>
    public int Lost { get; private set; }

    /// <summary>Runs until the time is over; gives what is wrong, or null.</summary>
    public string? Run(DateTime until)
    {
        for (; DateTime.UtcNow < until; Cases++)
        {
            using var client = WireClient.Connect("127.0.0.1", port);
            try
            {
                client.Login("app", "app");
                var batch = Batch();
                client.Send(batch);
                client.ReadLimit = Silence;
                Lost += Read(client, batch.Count(message => message[0] is (byte)'Q' or (byte)'S')) ? 0 : 1;
                Leave(client);
            }
            catch (Exception exception) when (exception is TimeoutException or SocketException)
            {
                return $"victim {seed}, case {Cases}: {exception.Message.Split('\n')[0]}\n  "
                    + string.Join("\n  ", client.Transcript.Lines.TakeLast(12));
            }
        }

        return null;
    }

    private byte[][] Batch()
    {
        var mark = $"'{SpoilingFilter.Mark} {Cases.ToString(CultureInfo.InvariantCulture)}'";
        return _random.Next(6) switch
        {
            0 => [Parse("s1", $"select {mark}, $1::text"), Bind("", "s1", "x"), Execute(), Sync()],
            1 => [Query($"copy (select {mark}, generate_series(1, 5)) to stdout")],
            2 => [Query($"begin; select {mark}"), Query($"insert into spoilt values (1, {mark})"), Query("rollback")],
            3 => [Query($"create temporary table mine (t text default {mark}); copy mine from stdin"),
                CopyData("x\n"), CopyDone()],
            4 => [Query($"set work_mem = '1234kB'; set application_name = {mark}"), Query("select 1/0")],
            _ => [Query($"select {mark}, generate_series(1, 3)")],
        };
    }

    /// <summary>True when that many ReadyForQuery came. What cannot be read is spoilt: the relay's doing.</summary>
    private static bool Read(WireClient client, int readies)
    {
        try
        {
            while (readies > 0)
            {
                if (client.TryRead() is not { } message)
                {
                    return false;
                }

                readies -= message.Type is 'Z' ? 1 : 0;
            }

            return true;
        }
        catch (Exception exception)
            when (exception is EndOfStreamException or TimeoutException or InvalidDataException or ArgumentException
                or IndexOutOfRangeException or OverflowException)
        {
            return false;
        }
    }

    private void Leave(WireClient client)
    {
        switch (_random.Next(3))
        {
            case 0:
                client.Abort();
                break;
            case 1:
                client.Send(Terminate());
                break;
        }
    }
}
