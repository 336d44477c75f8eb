using Freshet.Server.Feed;
using Freshet.Server.Health;
using Freshet.Server.Proxy.Telemetry;
using Freshet.Tests.Unit.Http;
using Xunit;

namespace Freshet.Tests.Unit.Health;

public sealed class HealthJudgeTests
{
    private static readonly HealthTarget s_first = new("10.0.0.1", 5432, "10.0.0.1:5432");
    private static readonly HealthTarget s_second = new("10.0.0.2", 5432, "10.0.0.2:5432");
    private static readonly PoolStatistics s_pool = MetricsTests.Pool("shop", "app") with
    {
        MaxServers = 20,
        Queries = 0,
        Errors = 0,
        QueryMicroseconds = 0,
        ClientsWaiting = 0,
        MaxWaitMicroseconds = 0,
        LastFailure = null,
    };

    private static readonly HealthObservation s_good = new()
    {
        At = DateTimeOffset.UnixEpoch,
        Readiness = Readiness.Ready,
        Policy = UnhealthyWhenDown.All,
        Probes = [Up(s_first, 1), Up(s_second, 3)],
        Statistics = With(s_pool),
    };

    [Fact]
    public void All_is_well()
    {
        var report = HealthJudge.Judge(s_good);
        Assert.Equal(HealthStatus.Healthy, report.Status);
        Assert.All(report.Checks, check => Assert.Equal(CheckStatus.Pass, check.Status));
        Assert.Equal(3, report.Metrics.ResponseTime?.TotalMilliseconds);
        Assert.Null(report.Metrics.ErrorRate);
    }

    [Theory]
    [InlineData((int)UnhealthyWhenDown.All, 1, (int)HealthStatus.Degraded)]
    [InlineData((int)UnhealthyWhenDown.All, 2, (int)HealthStatus.Unhealthy)]
    [InlineData((int)UnhealthyWhenDown.Any, 1, (int)HealthStatus.Unhealthy)]
    [InlineData((int)UnhealthyWhenDown.None, 2, (int)HealthStatus.Degraded)]
    [InlineData((int)UnhealthyWhenDown.Any, 0, (int)HealthStatus.Healthy)]
    public void Servers_that_do_not_answer_count_by_the_policy(int policy, int down, int status)
    {
        var report = HealthJudge.Judge(s_good with
        {
            Policy = (UnhealthyWhenDown)policy,
            Probes = [down > 0 ? Down(s_first) : Up(s_first, 1), down > 1 ? Down(s_second) : Up(s_second, 1)],
        });
        Assert.Equal((HealthStatus)status, report.Status);
        Assert.Equal(
            down > 0 ? $"{down} of 2 servers do not answer: 10.0.0.1:5432: refused" : "2 of 2 servers answer",
            Find(report, "connectivity").Message);
    }

    [Theory]
    [InlineData((int)Readiness.Starting)]
    [InlineData((int)Readiness.Draining)]
    public void A_proxy_that_takes_no_clients_is_unhealthy_whatever_the_policy(int readiness)
    {
        var report = HealthJudge.Judge(
            s_good with { Readiness = (Readiness)readiness, Policy = UnhealthyWhenDown.None });
        Assert.Equal(HealthStatus.Unhealthy, report.Status);
    }

    [Theory]
    [InlineData(0, 9_000_000, (int)CheckStatus.Pass)] // nobody waits any more
    [InlineData(1, 900_000, (int)CheckStatus.Pass)]
    [InlineData(1, 1_100_000, (int)CheckStatus.Warn)]
    [InlineData(9, 5_100_000, (int)CheckStatus.Fail)]
    public void A_long_wait_for_a_server_connection_degrades(int waiting, long microseconds, int status)
    {
        var report = HealthJudge.Judge(s_good with
        {
            Statistics = With(s_pool with { ClientsWaiting = waiting, MaxWaitMicroseconds = microseconds }),
        });
        Assert.Equal((CheckStatus)status, Find(report, "pool").Status);
        Assert.Equal(
            (CheckStatus)status == CheckStatus.Pass ? HealthStatus.Healthy : HealthStatus.Degraded, report.Status);
    }

    [Fact]
    public void A_refused_login_warns()
    {
        var report = HealthJudge.Judge(
            s_good with { Statistics = With(s_pool with { LastFailure = "password authentication failed" }) });
        Assert.Equal(HealthStatus.Degraded, report.Status);
        Assert.Equal(
            "the last login of pool shop/app failed: password authentication failed",
            Find(report, "connectivity").Message);
    }

    [Theory]
    [InlineData(100, 10, (int)CheckStatus.Pass)]
    [InlineData(100, 11, (int)CheckStatus.Warn)]
    [InlineData(10, 10, (int)CheckStatus.Pass)] // too few to tell
    public void Errors_count_from_the_last_observation_on(long queries, long errors, int status)
    {
        var report = HealthJudge.Judge(s_good with
        {
            Before = With(s_pool with { Queries = 1_000, Errors = 1_000, QueryMicroseconds = 5_000 }),
            Statistics = With(s_pool with
            {
                Queries = 1_000 + queries,
                Errors = 1_000 + errors,
                QueryMicroseconds = 5_000 + (queries * 250),
            }),
        });
        Assert.Equal((CheckStatus)status, Find(report, "performance").Status);
        Assert.Equal((double)errors / queries, report.Metrics.ErrorRate);
        Assert.Equal(0.25, report.Metrics.AverageQueryTime?.TotalMilliseconds);
    }

    [Fact]
    public void A_feed_that_does_not_run_degrades_and_its_reason_is_told()
    {
        var lost = new DatabaseFeedStatus("10.0.0.1:5432", "shop", new FeedStatus
        {
            State = FeedState.Unavailable,
            Reason = "wal_level is replica",
        });
        var report = HealthJudge.Judge(s_good with { Feeds = [lost] }, isFull: true);
        Assert.Equal(HealthStatus.Degraded, report.Status);
        Assert.Equal(
            "10.0.0.1:5432/shop: the feed is unavailable: wal_level is replica", Find(report, "feed").Message);
        Assert.Equal(CheckStatus.Warn, Find(report, "feed 10.0.0.1:5432/shop").Status);
    }

    [Fact]
    public void A_full_check_tells_of_each_server_and_pool()
    {
        var report = HealthJudge.Judge(s_good with { Probes = [Up(s_first, 1.2), Down(s_second)] }, isFull: true);
        Assert.Equal("answered in 1.2 ms", Find(report, "server 10.0.0.1:5432").Message);
        Assert.Equal("refused", Find(report, "server 10.0.0.2:5432").Message);
        Assert.Equal(CheckStatus.Pass, Find(report, "pool shop/app").Status);
    }

    [Fact]
    public void The_report_is_json_with_names_for_machines()
    {
        var json = HealthJudge.Judge(s_good with { Probes = [Up(s_first, 1.5)] }).ToJson();
        Assert.Equal("healthy", (string?)json["status"]);
        Assert.Equal("1970-01-01T00:00:00.0000000+00:00", (string?)json["timestamp"]);
        Assert.Equal("pass", (string?)json["checks"]!["connectivity"]!["status"]);
        Assert.Equal(1.5, (double?)json["metrics"]!["responseTime"]);
        Assert.Null(json["metrics"]!["avgQueryTime"]);
    }

    private static HealthCheck Find(HealthReport report, string name) =>
        report.Checks.Single(check => string.Equals(check.Name, name, StringComparison.Ordinal));

    private static ProxyStatistics With(PoolStatistics pool) => MetricsTests.Proxy(pool) with { BrokenInvariants = 0 };

    private static ProbeResult Up(HealthTarget target, double milliseconds) =>
        new(target, TimeSpan.FromMilliseconds(milliseconds), null);

    private static ProbeResult Down(HealthTarget target) => new(target, TimeSpan.FromSeconds(2), "refused");
}
