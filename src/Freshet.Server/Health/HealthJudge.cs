using System.Collections.Immutable;
using System.Globalization;
using Freshet.Server.Feed;
using Freshet.Server.Proxy.Telemetry;

namespace Freshet.Server.Health;

/// <summary>What a report is made of.</summary>
internal sealed record HealthObservation
{
    public required DateTimeOffset At { get; init; }

    public required Readiness Readiness { get; init; }

    public required UnhealthyWhenDown Policy { get; init; }

    /// <summary>One for each server.</summary>
    public ImmutableArray<ProbeResult> Probes { get; init; } = [];

    /// <summary>Null before the proxy runs.</summary>
    public ProxyStatistics? Statistics { get; init; }

    /// <summary>Those of the last observation, for the window's rates; null: there was none.</summary>
    public ProxyStatistics? Before { get; init; }

    public ImmutableArray<DatabaseFeedStatus> Feeds { get; init; } = [];
}

/// <summary>Makes a report of what was observed. The thresholds are those of common PostgreSQL alert rules: a client
/// that waits 1 s for a server connection warns, 5 s fail, and 10 % of errors warn.</summary>
internal static class HealthJudge
{
    private const double MostErrors = 0.1;

    /// <summary>Fewer tell nothing of a rate.</summary>
    private const long FewestQueries = 20;

    private static readonly TimeSpan LongWait = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan TooLongWait = TimeSpan.FromSeconds(5);

    /// <param name="seen">What was observed.</param>
    /// <param name="isFull">With a check for each server and each pool.</param>
    public static HealthReport Judge(HealthObservation seen, bool isFull = false)
    {
        HealthMetrics metrics = Measure(seen);
        ImmutableArray<PoolStatistics> pools = seen.Statistics?.Pools ?? [];
        HealthCheck process = OfProcess(seen);
        ImmutableArray<HealthCheck> checks =
        [
            process,
            OfServers(seen.Probes, pools),
            OfPools(pools),
            OfPerformance(metrics, Queries(seen)),
            .. seen.Feeds.IsEmpty ? Array.Empty<HealthCheck>() : [OfFeeds(seen.Feeds)],
        ];
        if (isFull)
        {
            checks =
            [
                .. checks,
                .. seen.Probes.Select(probe => OfServer($"server {probe.Target.Target}", probe)),
                .. pools.Select(pool => OfPool($"pool {pool.Database}/{pool.User}", pool)),
                .. seen.Feeds.Select(feed => OfFeed($"feed {feed.Target}/{feed.Database}", feed)),
            ];
        }

        int down = seen.Probes.Count(probe => probe.Failure is not null);
        bool unreachable = down > 0 && seen.Policy switch
        {
            UnhealthyWhenDown.All => down == seen.Probes.Length,
            UnhealthyWhenDown.Any => true,
            _ => false,
        };
        HealthStatus status = process.Status == CheckStatus.Fail || unreachable ? HealthStatus.Unhealthy
            : checks.All(check => check.Status == CheckStatus.Pass) ? HealthStatus.Healthy
            : HealthStatus.Degraded;
        return new HealthReport(status, seen.At, checks, metrics);
    }

    private static HealthCheck OfProcess(HealthObservation seen) => seen.Readiness switch
    {
        Readiness.Starting => new("process", CheckStatus.Fail, "the proxy is starting"),
        Readiness.Draining => new("process", CheckStatus.Fail, "the proxy is draining"),
        _ when seen.Statistics is { BrokenInvariants: > 0 } broken => new(
            "process", CheckStatus.Warn,
            $"{broken.BrokenInvariants} broken invariants: a defect of Freshet; the log has them"),
        _ => new("process", CheckStatus.Pass, Invariant($"{seen.Statistics?.Clients ?? 0} clients are connected")),
    };

    private static HealthCheck OfServers(ImmutableArray<ProbeResult> probes, ImmutableArray<PoolStatistics> pools)
    {
        const string name = "connectivity";
        if (probes.FirstOrDefault(probe => probe.Failure is not null) is { } down)
        {
            int count = probes.Count(probe => probe.Failure is not null);
            return new HealthCheck(
                name, CheckStatus.Fail,
                $"{count} of {probes.Length} servers do not answer: {down.Target.Target}: {down.Failure}");
        }

        if (pools.FirstOrDefault(pool => pool.LastFailure is not null) is { } refused)
        {
            return new HealthCheck(
                name, CheckStatus.Warn,
                $"the last login of pool {refused.Database}/{refused.User} failed: {refused.LastFailure}");
        }

        return new HealthCheck(
            name, CheckStatus.Pass,
            probes.IsEmpty
                ? "no server is asked"
                : Invariant($"{probes.Length} of {probes.Length} servers answer"));
    }

    private static HealthCheck OfServer(string name, ProbeResult probe) => probe.Failure is null
        ? new(name, CheckStatus.Pass, Invariant($"answered in {probe.Time.TotalMilliseconds:0.0} ms"))
        : new(name, CheckStatus.Fail, probe.Failure);

    private static HealthCheck OfPools(ImmutableArray<PoolStatistics> pools)
    {
        if (pools.IsEmpty)
        {
            return new HealthCheck("pool", CheckStatus.Pass, "no client has come yet");
        }

        PoolStatistics worst = pools.MaxBy(pool => pool.MaxWaitMicroseconds)!;
        HealthCheck check = OfPool("pool", worst);
        return check.Status == CheckStatus.Pass
            ? check with
            {
                Message = Invariant($"{pools.Sum(InUse)} server connections of {pools.Length} pools are in use, ")
                    + Invariant($"{pools.Sum(pool => pool.ClientsWaiting)} clients wait"),
            }
            : check with { Message = $"{worst.Database}/{worst.User}: {check.Message}" };
    }

    private static HealthCheck OfPool(string name, PoolStatistics pool)
    {
        TimeSpan wait = TimeSpan.FromMicroseconds(pool.ClientsWaiting > 0 ? pool.MaxWaitMicroseconds : 0);
        return new HealthCheck(
            name,
            wait > TooLongWait ? CheckStatus.Fail : wait > LongWait ? CheckStatus.Warn : CheckStatus.Pass,
            Invariant($"{InUse(pool)} of {pool.MaxServers} server connections are in use, ")
            + Invariant($"{pool.ClientsWaiting} clients wait")
            + (pool.ClientsWaiting > 0 ? Invariant($", the first for {wait.TotalSeconds:0.0} s") : ""));
    }

    private static HealthCheck OfPerformance(HealthMetrics metrics, long queries)
    {
        if (queries <= 0)
        {
            return new HealthCheck("performance", CheckStatus.Pass, "no queries since the last check");
        }

        bool fails = metrics.ErrorRate > MostErrors && queries >= FewestQueries;
        return new HealthCheck(
            "performance",
            fails ? CheckStatus.Warn : CheckStatus.Pass,
            Invariant($"{queries} queries since the last check took ")
            + Invariant($"{metrics.AverageQueryTime?.TotalMilliseconds:0.00} ms on average, ")
            + Invariant($"{100 * metrics.ErrorRate:0.#} % failed"));
    }

    private static HealthCheck OfFeeds(ImmutableArray<DatabaseFeedStatus> feeds)
    {
        DatabaseFeedStatus? lost = feeds.FirstOrDefault(feed => feed.Status.State != FeedState.Live);
        return lost is null
            ? new("feed", CheckStatus.Pass, Invariant($"the changes of {feeds.Length} databases are followed"))
            : OfFeed("feed", lost) with
            {
                Message = $"{lost.Target}/{lost.Database}: the feed is {Name(lost)}: {lost.Status.Reason}",
            };
    }

    /// <summary>A feed that does not run costs speed or freshness, no answers.</summary>
    private static HealthCheck OfFeed(string name, DatabaseFeedStatus feed) => feed.Status.State == FeedState.Live
        ? new(name, CheckStatus.Pass, Invariant($"{feed.Status.TrackedTables} tables are followed"))
        : new(name, CheckStatus.Warn, $"{Name(feed)}: {feed.Status.Reason}");

    private static HealthMetrics Measure(HealthObservation seen)
    {
        long queries = Queries(seen);
        long Grown(Func<PoolStatistics, long> counter) => Sum(seen.Statistics, counter) - Sum(seen.Before, counter);
        ProbeResult[] answers = [.. seen.Probes.Where(probe => probe.Failure is null)];
        return new HealthMetrics
        {
            ResponseTime = answers.Length == 0 ? null : answers.Max(probe => probe.Time),
            ConnectionCount = seen.Statistics?.Servers ?? 0,
            AverageQueryTime = queries <= 0
                ? null
                : TimeSpan.FromMicroseconds((double)Grown(pool => pool.QueryMicroseconds) / queries),
            ErrorRate = queries <= 0 ? null : Math.Clamp((double)Grown(pool => pool.Errors) / queries, 0, 1),
        };
    }

    private static long Queries(HealthObservation seen) =>
        Sum(seen.Statistics, pool => pool.Queries) - Sum(seen.Before, pool => pool.Queries);

    private static long Sum(ProxyStatistics? statistics, Func<PoolStatistics, long> counter) =>
        statistics?.Pools.Sum(counter) ?? 0;

    private static int InUse(PoolStatistics pool) => pool.ServersActive + pool.ServersTested;

    private static string Name(DatabaseFeedStatus feed) => feed.Status.State.ToString().ToLowerInvariant();

    private static string Invariant(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
