namespace Freshet.Server.Demo.Traffic;

/// <summary>What one side showed under one pattern; the sum of its rounds. Times of a request start when it is sent and
/// end with its last answer; times of a connect start before the socket and end with ReadyForQuery. Not for use by
/// several threads at once.</summary>
internal sealed class TrafficResult
{
    public double Seconds { get; set; }

    /// <summary>Requests answered before the clock stopped.</summary>
    public long Requests { get; set; }

    public List<int> RequestMicroseconds { get; } = [];

    public List<int> ConnectMicroseconds { get; } = [];

    /// <summary>From connect to the last answer of a visit: what a user of the page waits. Empty where connections are
    /// kept.</summary>
    public List<int> VisitMicroseconds { get; } = [];

    /// <summary>Failed visits by SQLSTATE.</summary>
    public SortedDictionary<string, long> Errors { get; } = new(StringComparer.Ordinal);

    /// <summary>The most server connections of the applications' role seen at once.</summary>
    public int PeakServerConnections { get; set; }

    public TimeSpan DatabaseCpu { get; set; }

    /// <summary>Null for the direct side.</summary>
    public TimeSpan? ProxyCpu { get; set; }

    public double RequestsPerSecond => Seconds > 0 ? Requests / Seconds : 0;

    public void CountError(string sqlState) => Errors[sqlState] = Errors.GetValueOrDefault(sqlState) + 1;

    public void Add(TrafficResult other)
    {
        Seconds += other.Seconds;
        Requests += other.Requests;
        RequestMicroseconds.AddRange(other.RequestMicroseconds);
        ConnectMicroseconds.AddRange(other.ConnectMicroseconds);
        VisitMicroseconds.AddRange(other.VisitMicroseconds);
        foreach (var (state, count) in other.Errors)
            Errors[state] = Errors.GetValueOrDefault(state) + count;
        PeakServerConnections = int.Max(PeakServerConnections, other.PeakServerConnections);
        DatabaseCpu += other.DatabaseCpu;
        if (other.ProxyCpu is { } proxy)
            ProxyCpu = (ProxyCpu ?? TimeSpan.Zero) + proxy;
    }

    /// <summary>Nearest rank, in milliseconds; null without a sample.</summary>
    public static double? Percentile(List<int> microseconds, double percent)
    {
        if (microseconds.Count == 0)
            return null;
        microseconds.Sort();
        var rank = (int)Math.Ceiling(percent / 100 * microseconds.Count);
        return microseconds[int.Clamp(rank - 1, 0, microseconds.Count - 1)] / 1_000.0;
    }
}
