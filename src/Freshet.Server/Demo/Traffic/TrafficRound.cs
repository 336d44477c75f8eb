using System.Diagnostics;
using System.Net;
using Freshet.Core.Wire.Auth;
using Freshet.Server.Demo.Sample;

namespace Freshet.Server.Demo.Traffic;

/// <summary>One round of traffic against one address: a thread per worker, each working through its script until the
/// clock stops; a closed loop without pauses. The first fifth is not counted: all workers start at once then. A visit
/// that fails is counted and its worker pauses, as a user would before trying again. Cancelling closes all
/// connections, so no worker waits on.</summary>
internal sealed class TrafficRound
{
    private const int StackBytes = 256 << 10;
    private static readonly TimeSpan PauseAfterError = TimeSpan.FromMilliseconds(100);

    private readonly EndPoint _server;
    private readonly ScramSecret _secret;
    private readonly TrafficPattern _pattern;
    private readonly int _round;
    private readonly Worker[] _workers;
    private readonly CountdownEvent _connected;
    private readonly ManualResetEventSlim _go = new();
    private readonly CancellationToken _cancellationToken;
    private long _measuredFrom = long.MaxValue;
    private long _deadline = long.MaxValue;

    public TrafficRound(
        EndPoint server, ScramSecret secret, TrafficPattern pattern, int round, int clients,
        CancellationToken cancellationToken)
    {
        _server = server;
        _secret = secret;
        _pattern = pattern;
        _round = round;
        _cancellationToken = cancellationToken;
        _workers = [.. Enumerable.Range(0, clients).Select(number => new Worker(this, number))];
        _connected = new CountdownEvent(clients);
    }

    /// <param name="meter">Read when the clock starts and when it stops: CPU time used so far.</param>
    public TrafficResult Run(TimeSpan duration, Func<CpuReading> meter)
    {
        var stop = _cancellationToken.Register(() =>
        {
            foreach (var worker in _workers)
                worker.Abort();
            _go.Set();
        });
        foreach (var worker in _workers)
            worker.Thread.Start();
        try
        {
            _connected.Wait(_cancellationToken);
            _go.Set();
            _cancellationToken.WaitHandle.WaitOne(duration / 5);
            var before = meter();
            var started = Stopwatch.GetTimestamp();
            var rest = duration * 4 / 5;
            Volatile.Write(ref _deadline, started + (long)(rest.TotalSeconds * Stopwatch.Frequency));
            Volatile.Write(ref _measuredFrom, started);
            _cancellationToken.WaitHandle.WaitOne(rest);
            _cancellationToken.ThrowIfCancellationRequested();
            var after = meter();
            var elapsed = Stopwatch.GetElapsedTime(started);
            return Collect(elapsed, before, after);
        }
        finally
        {
            foreach (var worker in _workers)
                worker.Thread.Join();
            stop.Dispose(); // waits for the callback, which uses the two below
            _connected.Dispose();
            _go.Dispose();
        }
    }

    private TrafficResult Collect(TimeSpan elapsed, CpuReading before, CpuReading after)
    {
        var total = new TrafficResult
        {
            Seconds = elapsed.TotalSeconds,
            DatabaseCpu = after.Database - before.Database,
            ProxyCpu = after.Proxy - before.Proxy,
        };
        foreach (var worker in _workers)
        {
            worker.Thread.Join();
            total.Add(worker.Result);
        }
        return total;
    }

    private bool IsMeasured => Stopwatch.GetTimestamp() >= Volatile.Read(ref _measuredFrom);

    private bool IsOver => Stopwatch.GetTimestamp() >= Volatile.Read(ref _deadline);

    private sealed class Worker
    {
        private readonly TrafficRound _owner;
        private readonly TrafficScript _script;
        private volatile TrafficConnection? _connection;

        public Worker(TrafficRound owner, int number)
        {
            _owner = owner;
            _script = new TrafficScript(owner._pattern, owner._round, number);
            Thread = new Thread(Work, StackBytes) { IsBackground = true, Name = $"demo worker {number}" };
        }

        public Thread Thread { get; }

        public TrafficResult Result { get; } = new();

        public void Abort() => _connection?.Dispose();

        // Kept connections are all made before the clock starts, and counted.
        private bool CountsConnects => _owner._pattern != TrafficPattern.ConnectPerVisit || _owner.IsMeasured;

        private void Work()
        {
            if (_owner._pattern != TrafficPattern.ConnectPerVisit)
                Attempt(() => _connection = Open());
            _owner._connected.Signal();
            _owner._go.Wait();
            while (!_owner.IsOver && !_owner._cancellationToken.IsCancellationRequested)
            {
                Attempt(_owner._pattern == TrafficPattern.ConnectPerVisit ? Visit : Continue);
            }
            _connection?.Close();
        }

        private void Visit()
        {
            var started = Stopwatch.GetTimestamp();
            var open = Open();
            var left = _script.NextVisit();
            for (; left > 0 && !_owner.IsOver; left--)
                Ask(open);
            if (left == 0 && _owner.IsMeasured)
                Result.VisitMicroseconds.Add(Microseconds(started));
            open.Close();
            _connection = null;
        }

        private void Continue() => Ask(_connection ?? Open());

        private TrafficConnection Open()
        {
            // Known before it connects, so that Abort reaches it in a login that hangs.
            var open = new TrafficConnection();
            _connection = open;
            if (_owner._cancellationToken.IsCancellationRequested)
                open.Dispose(); // Abort may have come just before
            var started = Stopwatch.GetTimestamp();
            open.Open(_owner._server, SampleDatabase.Role, SampleDatabase.Name, _owner._secret);
            if (CountsConnects)
                Result.ConnectMicroseconds.Add(Microseconds(started));
            return open;
        }

        private void Ask(TrafficConnection open)
        {
            var request = _script.Next();
            var started = Stopwatch.GetTimestamp();
            open.Execute(request);
            if (!_owner.IsMeasured)
                return;
            Result.RequestMicroseconds.Add(Microseconds(started));
            if (!_owner.IsOver)
                Result.Requests++;
        }

        private void Attempt(Action step)
        {
            try
            {
                step();
            }
            catch (TrafficException failure)
            {
                _connection?.Dispose();
                _connection = null;
                if (_owner._cancellationToken.IsCancellationRequested)
                    return;
                if (CountsConnects)
                    Result.CountError(failure.SqlState);
                _owner._cancellationToken.WaitHandle.WaitOne(PauseAfterError);
            }
        }

        private static int Microseconds(long started) => (int)Stopwatch.GetElapsedTime(started).TotalMicroseconds;
    }
}

/// <summary>CPU time used so far by the database server and, where one stands between, by the proxy.</summary>
internal readonly record struct CpuReading(TimeSpan Database, TimeSpan? Proxy);
