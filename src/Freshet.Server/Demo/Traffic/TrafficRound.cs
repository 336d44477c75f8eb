using System.Diagnostics;
using System.Net;
using Freshet.Server.Demo.Sample;

namespace Freshet.Server.Demo.Traffic;

/// <summary>One round of traffic against one address: a thread per worker, each working through its script until the
/// clock stops; a closed loop without pauses. The first fifth is not counted: all workers start at once then. A visit that fails is counted and its worker pauses, as a user would
/// before trying again. Cancelling closes all connections, so no worker waits on.</summary>
internal sealed class TrafficRound
{
    private const int StackBytes = 256 << 10;
    private static readonly TimeSpan PauseAfterError = TimeSpan.FromMilliseconds(100);

    private readonly EndPoint server;
    private readonly ScramClient secret;
    private readonly TrafficPattern pattern;
    private readonly int round;
    private readonly Worker[] workers;
    private readonly CountdownEvent connected;
    private readonly ManualResetEventSlim go = new();
    private readonly CancellationToken cancellationToken;
    private long measuredFrom = long.MaxValue;
    private long deadline = long.MaxValue;

    public TrafficRound(
        EndPoint server, ScramClient secret, TrafficPattern pattern, int round, int clients,
        CancellationToken cancellationToken)
    {
        this.server = server;
        this.secret = secret;
        this.pattern = pattern;
        this.round = round;
        this.cancellationToken = cancellationToken;
        workers = [.. Enumerable.Range(0, clients).Select(number => new Worker(this, number))];
        connected = new CountdownEvent(clients);
    }

    /// <param name="meter">Read when the clock starts and when it stops: CPU time used so far.</param>
    public TrafficResult Run(TimeSpan duration, Func<CpuReading> meter)
    {
        using var stop = cancellationToken.Register(() =>
        {
            foreach (var worker in workers)
                worker.Abort();
            go.Set();
        });
        foreach (var worker in workers)
            worker.Thread.Start();
        try
        {
            connected.Wait(cancellationToken);
            go.Set();
            cancellationToken.WaitHandle.WaitOne(duration / 5);
            var before = meter();
            var started = Stopwatch.GetTimestamp();
            var rest = duration * 4 / 5;
            Volatile.Write(ref deadline, started + (long)(rest.TotalSeconds * Stopwatch.Frequency));
            Volatile.Write(ref measuredFrom, started);
            cancellationToken.WaitHandle.WaitOne(rest);
            cancellationToken.ThrowIfCancellationRequested();
            var after = meter();
            var elapsed = Stopwatch.GetElapsedTime(started);
            return Collect(elapsed, before, after);
        }
        finally
        {
            foreach (var worker in workers)
                worker.Thread.Join();
            connected.Dispose();
            go.Dispose();
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
        foreach (var worker in workers)
        {
            worker.Thread.Join();
            total.Add(worker.Result);
        }
        return total;
    }

    private bool IsMeasured => Stopwatch.GetTimestamp() >= Volatile.Read(ref measuredFrom);

    private bool IsOver => Stopwatch.GetTimestamp() >= Volatile.Read(ref deadline);

    private sealed class Worker
    {
        private readonly TrafficRound owner;
        private readonly TrafficScript script;
        private volatile TrafficConnection? connection;

        public Worker(TrafficRound owner, int number)
        {
            this.owner = owner;
            script = new TrafficScript(owner.pattern, owner.round, number);
            Thread = new Thread(Work, StackBytes) { IsBackground = true, Name = $"demo worker {number}" };
        }

        public Thread Thread { get; }

        public TrafficResult Result { get; } = new();

        public void Abort() => connection?.Dispose();

        // Kept connections are all made before the clock starts, and counted.
        private bool CountsConnects => owner.pattern == TrafficPattern.Persistent || owner.IsMeasured;

        private void Work()
        {
            if (owner.pattern == TrafficPattern.Persistent)
                Attempt(() => connection = Open());
            owner.connected.Signal();
            owner.go.Wait();
            while (!owner.IsOver && !owner.cancellationToken.IsCancellationRequested)
            {
                Attempt(owner.pattern == TrafficPattern.Persistent ? Continue : Visit);
            }
            connection?.Close();
        }

        private void Visit()
        {
            var started = Stopwatch.GetTimestamp();
            var open = Open();
            var left = script.NextVisit();
            for (; left > 0 && !owner.IsOver; left--)
                Ask(open);
            if (left == 0 && owner.IsMeasured)
                Result.VisitMicroseconds.Add(Microseconds(started));
            open.Close();
            connection = null;
        }

        private void Continue() => Ask(connection ?? Open());

        private TrafficConnection Open()
        {
            // Known before it connects, so that Abort reaches it in a login that hangs.
            var open = new TrafficConnection();
            connection = open;
            if (owner.cancellationToken.IsCancellationRequested)
                open.Dispose(); // Abort may have come just before
            var started = Stopwatch.GetTimestamp();
            open.Open(owner.server, SampleDatabase.Role, SampleDatabase.Name, owner.secret);
            if (CountsConnects)
                Result.ConnectMicroseconds.Add(Microseconds(started));
            return open;
        }

        private void Ask(TrafficConnection open)
        {
            var request = script.Next();
            var started = Stopwatch.GetTimestamp();
            open.Execute(request);
            if (!owner.IsMeasured)
                return;
            Result.RequestMicroseconds.Add(Microseconds(started));
            if (!owner.IsOver)
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
                connection?.Dispose();
                connection = null;
                if (owner.cancellationToken.IsCancellationRequested)
                    return;
                if (CountsConnects)
                    Result.CountError(failure.SqlState);
                owner.cancellationToken.WaitHandle.WaitOne(PauseAfterError);
            }
        }

        private static int Microseconds(long started) => (int)Stopwatch.GetElapsedTime(started).TotalMicroseconds;
    }
}

/// <summary>CPU time used so far by the database server and, where one stands between, by the proxy.</summary>
internal readonly record struct CpuReading(TimeSpan Database, TimeSpan? Proxy);
