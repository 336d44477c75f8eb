using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;

namespace Freshet.Tests.Integration.Wire;

/// <summary>
/// A PostgreSQL server that does what the test says, as Npgsql's <c>PgPostmasterMock</c>: it listens on a free loopback
/// port and runs the script once for every connection, each on a thread of its own. A script that throws fails the
/// test when the server is disposed. Cancel requests are no sessions.
/// </summary>
internal sealed class ScriptedServer : IDisposable
{
    private readonly Socket _listener = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
    private readonly ConcurrentQueue<Exception> _failures = new();
    private readonly ConcurrentBag<ScriptedSession> _sessions = [];
    private readonly ConcurrentBag<Thread> _threads = [];
    private readonly Action<ScriptedSession, int> _script;
    private readonly Thread _acceptor;
    private volatile bool _isStopping;
    private int _count;
    private int _encryptionRequests;

    /// <param name="script">Gets the session and its number, from 0.</param>
    public ScriptedServer(Action<ScriptedSession, int> script)
    {
        _script = script;
        _listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        _listener.Listen();
        _acceptor = Start("scripted server", Accept);
    }

    /// <summary>What it says to SSLRequest: no, unless the test wants something worse.</summary>
    public byte[] EncryptionAnswer { get; init; } = "N"u8.ToArray();

    /// <summary>Whether it leaves after that answer.</summary>
    public bool ClosesAfterEncryptionAnswer { get; init; }

    /// <summary>Called for a cancel request, with the process it names; the connection is closed after it.</summary>
    public Action<int>? OnCancel { get; init; }

    /// <summary>How often it was asked for TLS.</summary>
    public int EncryptionRequests => Volatile.Read(ref _encryptionRequests);

    public int Port => ((IPEndPoint)_listener.LocalEndPoint!).Port;

    /// <summary>Sessions that sent a StartupMessage.</summary>
    public int Sessions => Volatile.Read(ref _count);

    public void Dispose()
    {
        _isStopping = true;
        _listener.Dispose();
        _acceptor.Join();
        foreach (var session in _sessions)
        {
            session.Dispose();
        }

        foreach (var thread in _threads)
        {
            thread.Join();
        }

        if (!_failures.IsEmpty)
        {
            throw new AggregateException("a script of the scripted server failed", _failures);
        }
    }

    private static Thread Start(string name, ThreadStart body)
    {
        var thread = new Thread(body) { IsBackground = true, Name = name };
        thread.Start();
        return thread;
    }

    private void Accept()
    {
        while (true)
        {
            Socket socket;
            try
            {
                socket = _listener.Accept();
            }
            catch (SocketException) when (_isStopping)
            {
                return;
            }
            catch (ObjectDisposedException) when (_isStopping)
            {
                return;
            }

            // An idle connection of a pool is silent for as long as the test lasts.
            var session = new ScriptedSession(new WireStream(socket, TimeSpan.FromMinutes(5)));
            _sessions.Add(session);
            _threads.Add(Start("scripted session", () => Run(session)));
        }
    }

    private bool AnswerEncryption(ScriptedSession session)
    {
        Interlocked.Increment(ref _encryptionRequests);
        session.Send(EncryptionAnswer);
        return !ClosesAfterEncryptionAnswer;
    }

    private void Run(ScriptedSession session)
    {
        try
        {
            if (session.ReadStartup(AnswerEncryption, OnCancel))
            {
                _script(session, Interlocked.Increment(ref _count) - 1);
            }
        }
        catch (Exception exception) when (!_isStopping)
        {
            _failures.Enqueue(exception);
        }
        catch (Exception) when (_isStopping)
        {
            // The test is over and has closed the session under the script's feet.
        }
        finally
        {
            session.Dispose();
        }
    }
}
