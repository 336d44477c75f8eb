using System.Collections.Immutable;
using Freshet.Server.Http;
using Freshet.Server.Proxy.Telemetry;
using Xunit;

namespace Freshet.Tests.Unit.Http;

public sealed class MetricsTests
{
    internal static PoolStatistics Pool(string database, string user, long scale = 1)
    {
        var histogram = Enumerable.Range(1, PoolStatistics.LatencyBuckets.Length + 1).Select(count => count * scale);
        return new PoolStatistics
        {
            Database = database,
            User = user,
            Mode = "transaction",
            MaxServers = 20,
            ClientsActive = 3,
            ClientsWaiting = 2,
            ServersIdle = 5,
            MaxWaitMicroseconds = 1_500_000,
            Transactions = 100 * scale,
            Queries = 200 * scale,
            QueryMicroseconds = 2_500_000 * scale,
            PinnedSessions = ImmutableDictionary<string, long>.Empty.Add("listen", 2 * scale),
            Pins = ImmutableDictionary<string, long>.Empty.Add("listen", 9 * scale).Add("temp_table", 1),
            QueryHistogram = [.. histogram],
            WaitHistogram = [.. histogram],
        };
    }

    internal static ProxyStatistics Proxy(params PoolStatistics[] pools) =>
        new()
        {
            Pools = [.. pools],
            Clients = 7,
            Servers = 4,
            Loops = 2,
        };

    [Fact]
    public void What_is_written_reads_back_with_the_same_numbers()
    {
        var metrics = Write(Proxy(Pool("shop", "app")));

        Assert.Equal("histogram", metrics.Types["freshet_query_duration_seconds"]);
        Assert.Equal("counter", metrics.Types["freshet_queries_total"]);
        Assert.Equal("gauge", metrics.Types["freshet_pool_clients"]);
        Assert.Equal(200, metrics.Samples["freshet_queries_total{database=shop,pool=app@shop}"]);
        Assert.Equal(2, metrics.Samples["freshet_pool_clients{pool=app@shop,state=waiting}"]);
        Assert.Equal(5, metrics.Samples["freshet_pool_servers{pool=app@shop,state=idle}"]);
        Assert.Equal(2, metrics.Samples["freshet_pool_pinned_sessions{pool=app@shop,reason=listen}"]);
        Assert.Equal(1.5, metrics.Samples["freshet_pool_max_wait_seconds{pool=app@shop}"]);
        Assert.Equal(7, metrics.Samples["freshet_clients{}"]);
        Assert.All(
            metrics.Types.Where(family => family.Value is "counter"),
            family => Assert.EndsWith("_total", family.Key, StringComparison.Ordinal)
        );
    }

    [Fact]
    public void Histograms_are_cumulative_in_seconds_and_end_with_infinity()
    {
        var metrics = Write(Proxy(Pool("shop", "app")));
        const string Labels = "database=shop,pool=app@shop,route=primary";

        Assert.Equal(1, metrics.Samples[$"freshet_query_duration_seconds_bucket{{{Labels},le=0.00005}}"]);
        Assert.Equal(3, metrics.Samples[$"freshet_query_duration_seconds_bucket{{{Labels},le=0.0001}}"]);
        Assert.Equal(153, metrics.Samples[$"freshet_query_duration_seconds_bucket{{{Labels},le=10}}"]);
        Assert.Equal(171, metrics.Samples[$"freshet_query_duration_seconds_bucket{{{Labels},le=+Inf}}"]);
        Assert.Equal(171, metrics.Samples[$"freshet_query_duration_seconds_count{{{Labels}}}"]);
        Assert.Equal(2.5, metrics.Samples[$"freshet_query_duration_seconds_sum{{{Labels}}}"]);
    }

    [Fact]
    public void Labels_are_escaped()
    {
        var metrics = Write(Proxy(Pool("a\"b\\c\nd", "u,v}")));
        Assert.Contains("freshet_queries_total{database=a\"b\\c\nd,pool=u,v}@a\"b\\c\nd}", metrics.Samples.Keys);
    }

    [Fact]
    public void Pools_beyond_the_limit_are_summed_up_as_other()
    {
        var pools = Enumerable.Range(0, ProxyMetrics.MostPools + 3).Select(i => Pool($"d{i}", "u", 10)).ToArray();
        var metrics = Write(Proxy(pools));

        Assert.Equal(6_000, metrics.Samples["freshet_queries_total{database=other,pool=other}"]);
        Assert.Equal(60, metrics.Samples["freshet_pool_pinned_sessions{pool=other,reason=listen}"]);
        Assert.Equal(28, metrics.Samples["freshet_pools{}"]);
        Assert.Equal(
            5_130,
            metrics.Samples["freshet_query_duration_seconds_count{database=other,pool=other,route=primary}"]
        );
        Assert.True(metrics.Samples.Count <= 2_000, $"{metrics.Samples.Count} series");
    }

    [Fact]
    public void The_process_tells_its_own_numbers()
    {
        var writer = new ExpositionWriter();
        ProcessMetrics.Write(writer, droppedLogLines: 3);
        var samples = Exposition.Parse(writer.ToString()).Samples;

        Assert.True(samples["process_resident_memory_bytes{}"] > 1_000_000);
        Assert.True(samples["process_cpu_seconds_total{}"] > 0);
        Assert.True(samples["process_open_fds{}"] > 2);
        Assert.True(samples["process_max_fds{}"] > 2);
        Assert.True(samples["process_start_time_seconds{}"] > 1_700_000_000);
        Assert.True(samples["dotnet_gc_allocated_bytes_total{}"] > 0);
        Assert.Equal(3, samples["freshet_log_lines_dropped_total{}"]);
        Assert.Contains("dotnet_gc_collections_total{generation=2}", samples.Keys);
    }

    [Fact]
    public void A_family_cannot_be_written_twice()
    {
        var writer = new ExpositionWriter();
        writer.Gauge("a", "A.");
        Assert.Throws<InvalidOperationException>(() => writer.Gauge("a", "A."));
    }

    private static Exposition Write(ProxyStatistics statistics)
    {
        var writer = new ExpositionWriter();
        ProxyMetrics.Write(writer, statistics);
        return Exposition.Parse(writer.ToString());
    }
}
