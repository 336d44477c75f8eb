using System.Threading.Channels;
using Freshet.Server.Configuration;
using Freshet.Server.Proxy;

namespace Freshet.Server.Logging;

/// <summary>
/// The process's log: lines on standard error, as text or JSON. Writers put a line into a bounded queue and never wait;
/// when the queue is full the line is dropped and counted, and the next line that gets through is preceded by the
/// number. One background thread owns the output. Any thread may write; <see cref="Dispose"/> writes what is queued.
/// </summary>
internal sealed class ProcessLog : IProxyLog, IDisposable
{
    private const int QueueLength = 4_096;

    // A reader of our standard error that stopped reading must not keep the process from ending.
    private static readonly TimeSpan FlushTime = TimeSpan.FromSeconds(2);

    private readonly Channel<LogLine> _queue;
    private readonly Thread _writer;
    private readonly TextWriter _output;
    private readonly TimeProvider _time;
    private readonly bool _json;
    private volatile bool _outputBroken;
    private long _dropped;
    private long _reported;

    public ProcessLog(
        TextWriter output,
        LogFormat format,
        ProxyLogLevel level,
        TimeProvider time,
        int queueLength = QueueLength
    )
    {
        _output = output;
        _time = time;
        _json = format == LogFormat.Json;
        Level = level;
        _queue = Channel.CreateBounded<LogLine>(
            new BoundedChannelOptions(queueLength) { FullMode = BoundedChannelFullMode.Wait, SingleReader = true }
        );
        _writer = new Thread(WriteLines) { Name = "log", IsBackground = true };
        _writer.Start();
    }

    /// <summary>Lines below it are not written. A reload may change it.</summary>
    public ProxyLogLevel Level { get; set; }

    /// <summary>Lines lost since the start because the queue was full or the output broken.</summary>
    public long Dropped => Volatile.Read(ref _dropped);

    public void Write(ProxyLogLevel level, string message)
    {
        if (level < Level)
            return;
        if (_outputBroken || !_queue.Writer.TryWrite(new LogLine(_time.GetUtcNow(), level, message)))
            Interlocked.Increment(ref _dropped);
    }

    public void Dispose()
    {
        _queue.Writer.TryComplete();
        _writer.Join(FlushTime);
    }

    private void WriteLines()
    {
        var reader = _queue.Reader;
        try
        {
            // The one place that may block: this thread has nothing else to do.
            while (reader.WaitToReadAsync().AsTask().GetAwaiter().GetResult())
            {
                while (reader.TryRead(out var line))
                {
                    ReportDropped(line.Time);
                    _output.WriteLine(line.Format(_json));
                }
                _output.Flush();
            }
            ReportDropped(_time.GetUtcNow());
            _output.Flush();
        }
        catch (Exception exception) when (exception is IOException or ObjectDisposedException)
        {
            // There is no place left to say so; the metric freshet_log_lines_dropped_total shows it.
            _outputBroken = true;
        }
    }

    private void ReportDropped(DateTimeOffset time)
    {
        var dropped = Dropped;
        if (dropped == _reported)
            return;
        var line = new LogLine(time, ProxyLogLevel.Warning, $"{dropped - _reported} log lines dropped: queue full");
        _reported = dropped;
        _output.WriteLine(line.Format(_json));
    }
}
