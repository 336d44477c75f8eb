using System.Net.Sockets;
using Freshet.Tests.Integration.Wire;

namespace Freshet.Tests.Integration.Hardening.Fuzz;

/// <summary>The model behind the proxy: it answers the proxy's own queries too, holds answers back as a real server
/// may, talks unasked, answers in small packets, and dies now and then.</summary>
/// <param name="seed">Decides its moods, together with the number of the session.</param>
/// <param name="isMortal">Whether it may die.</param>
internal sealed class ModelServer(int seed, bool isMortal) : IDisposable
{
    private ScriptedServer? _server;
    private int _deaths;

    public int Port => _server!.Port;

    public int Deaths => Volatile.Read(ref _deaths);

    public ModelServer Start()
    {
        _server = new ScriptedServer(Serve);
        return this;
    }

    public void Dispose() => _server?.Dispose();

    private void Serve(ScriptedSession session, int number)
    {
        try
        {
            Answer(session, number);
        }
        catch (Exception exception) when (exception is SocketException or EndOfStreamException)
        {
            // The proxy has closed the connection of a client that left in the middle: its right.
        }
    }

    private void Answer(ScriptedSession session, int number)
    {
        var random = new Random((seed * 1000) + number);
        var backend = new ModelBackend();
        List<byte[]> held = [];
        session.AcceptLogin();
        while (session.TryRead() is { } message && message.Type is not 'X')
        {
            if (isMortal && random.Next(400) is 0)
            {
                Die(session, [.. held, .. backend.Handle(message)], random);
                return;
            }

            held.AddRange(Answer(backend, message));
            if (random.Next(20) is 0)
            {
                held.Add(Backend.Notice("by the way"));
            }

            var mustSend = message.Type is 'S' or 'H' or 'Q' or 'F' or 'c' or 'f'
                || held.Exists(answer => answer[0] is (byte)'E' or (byte)'G');
            if (mustSend || random.Next(3) is 0)
            {
                session.PacketBytes = random.Next(4) is 0 ? random.Next(1, 40) : 0;
                session.Send([.. held]);
                held.Clear();
            }

            if (random.Next(50) is 0)
            {
                Thread.Sleep(1);
            }
        }
    }

    private void Die(ScriptedSession session, List<byte[]> lastWords, Random random)
    {
        Interlocked.Increment(ref _deaths);
        byte[] bytes = [.. lastWords.SelectMany(answer => answer)];
        session.Send(bytes[..random.Next(bytes.Length + 1)]);
        if (random.Next(2) is 0)
        {
            session.Die();
        }
    }

    private static List<byte[]> Answer(ModelBackend backend, WireMessage message)
    {
        if (message.Type is not 'Q')
        {
            return backend.Handle(message);
        }

        // The proxy writes its own queries in capitals.
        var text = message.Strings(0, 1)[0];
        return text switch
        {
            "ROLLBACK" => backend.Handle(new WireMessage('Q', [.. "rollback\0"u8])),
            "DISCARD ALL" => backend.Discard(),
            _ when text.StartsWith("SELECT ", StringComparison.Ordinal) =>
                [Backend.CommandComplete("SELECT 0"), Backend.ReadyForQuery(backend.Status)],
            _ => backend.Handle(message),
        };
    }
}
