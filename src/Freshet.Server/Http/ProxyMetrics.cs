using System.Collections.Immutable;
using Freshet.Server.Proxy.Telemetry;

namespace Freshet.Server.Http;

/// <summary>The data plane's numbers as metrics. The label <c>pool</c> is <c>user@database</c>. Databases and users
/// are bounded by the configuration except where any database name is let through: beyond
/// <see cref="MostPools"/> the rest is summed up as <c>other</c>.</summary>
internal static class ProxyMetrics
{
    /// <summary>A pool is about 70 series; 25 pools stay under 2,000.</summary>
    public const int MostPools = 25;

    private static readonly (string Name, string Help, Func<PoolStatistics, long> Value)[] Counters =
    [
        ("freshet_transactions_total", "Transactions finished.", pool => pool.Transactions),
        ("freshet_queries_total", "Queries finished.", pool => pool.Queries),
        ("freshet_received_bytes_total", "Bytes received from clients.", pool => pool.BytesReceived),
        ("freshet_sent_bytes_total", "Bytes sent to clients.", pool => pool.BytesSent),
        ("freshet_server_connects_total", "Server connections opened.", pool => pool.ServerConnects),
        ("freshet_server_connect_failures_total", "Server connects or logins that failed.",
            pool => pool.ServerConnectFailures),
        ("freshet_pool_wait_timeouts_total", "Clients that waited longer than waitTimeout.",
            pool => pool.WaitTimeouts),
        ("freshet_errors_total", "Error responses that clients got.", pool => pool.Errors),
        ("freshet_client_parses_total", "Parse messages from clients.", pool => pool.ClientParses),
        ("freshet_server_parses_total", "Parse messages sent to servers.", pool => pool.ServerParses),
        ("freshet_binds_total", "Bind messages from clients.", pool => pool.Binds),
    ];

    public static void Write(ExpositionWriter writer, ProxyStatistics statistics)
    {
        var pools = PoolSeries.From(statistics.Pools, MostPools);
        WriteGauges(writer, pools);
        foreach (var (name, help, value) in Counters)
        {
            writer.Counter(name, help);
            foreach (var pool in pools)
                writer.Sample(value(pool.Statistics), ("database", pool.Database), ("pool", pool.Name));
        }
        writer.Counter("freshet_transaction_seconds_total", "Time that transactions took at the server.");
        foreach (var pool in pools)
        {
            writer.Sample(
                pool.Statistics.TransactionMicroseconds / 1e6,
                ("database", pool.Database),
                ("pool", pool.Name)
            );
        }
        WriteHistograms(writer, pools);
        WriteTotals(writer, statistics);
    }

    private static void WriteGauges(ExpositionWriter writer, ImmutableArray<PoolSeries> pools)
    {
        writer.Gauge("freshet_pool_clients", "Clients of the pool by state.");
        foreach (var pool in pools)
        {
            writer.Sample(pool.Statistics.ClientsActive, ("pool", pool.Name), ("state", "active"));
            writer.Sample(pool.Statistics.ClientsWaiting, ("pool", pool.Name), ("state", "waiting"));
        }
        writer.Gauge("freshet_pool_servers", "Server connections of the pool by state.");
        foreach (var pool in pools)
        {
            writer.Sample(pool.Statistics.ServersActive, ("pool", pool.Name), ("state", "active"));
            writer.Sample(pool.Statistics.ServersIdle, ("pool", pool.Name), ("state", "idle"));
            writer.Sample(pool.Statistics.ServersLogin, ("pool", pool.Name), ("state", "login"));
            writer.Sample(pool.Statistics.ServersTested, ("pool", pool.Name), ("state", "tested"));
        }
        writer.Gauge("freshet_pool_max_servers", "Most server connections that the pool may open.");
        foreach (var pool in pools)
            writer.Sample(pool.Statistics.MaxServers, ("pool", pool.Name));
        writer.Gauge("freshet_pool_max_wait_seconds", "How long the first waiting client has waited.");
        foreach (var pool in pools)
            writer.Sample(pool.Statistics.MaxWaitMicroseconds / 1e6, ("pool", pool.Name));
        writer.Gauge("freshet_pool_pinned_sessions", "Sessions bound to their server connection, by reason.");
        foreach (var pool in pools)
        {
            foreach (var (reason, count) in Sorted(pool.Statistics.PinnedSessions))
                writer.Sample(count, ("pool", pool.Name), ("reason", reason));
        }
        writer.Counter("freshet_pool_pins_total", "Times that a session was bound, by reason.");
        foreach (var pool in pools)
        {
            foreach (var (reason, count) in Sorted(pool.Statistics.Pins))
                writer.Sample(count, ("pool", pool.Name), ("reason", reason));
        }
    }

    private static void WriteHistograms(ExpositionWriter writer, ImmutableArray<PoolSeries> pools)
    {
        writer.Histogram(
            "freshet_query_duration_seconds",
            "Time from handing a query to the server to the end of its answer; freshet_pool_wait_seconds comes before."
        );
        foreach (var pool in pools)
        {
            writer.Buckets(
                pool.Statistics.QueryHistogram.AsSpan(),
                PoolStatistics.LatencyBuckets.AsSpan(),
                pool.Statistics.QueryMicroseconds,
                ("database", pool.Database),
                ("pool", pool.Name),
                // The only route until there are a cache and replicas.
                ("route", "primary")
            );
        }
        writer.Histogram("freshet_pool_wait_seconds", "Time that clients waited for a server connection.");
        foreach (var pool in pools)
        {
            writer.Buckets(
                pool.Statistics.WaitHistogram.AsSpan(),
                PoolStatistics.LatencyBuckets.AsSpan(),
                pool.Statistics.WaitMicroseconds,
                ("pool", pool.Name)
            );
        }
    }

    private static void WriteTotals(ExpositionWriter writer, ProxyStatistics statistics)
    {
        writer.Gauge("freshet_clients", "Client connections.");
        writer.Sample(statistics.Clients);
        writer.Gauge("freshet_servers", "Server connections.");
        writer.Sample(statistics.Servers);
        writer.Gauge("freshet_pools", "Pools.");
        writer.Sample(statistics.Pools.Length);
        writer.Gauge("freshet_loops", "Event loops.");
        writer.Sample(statistics.Loops);
        writer.Counter("freshet_loops_allocated_bytes_total", "Bytes that the event loops put on the managed heap.");
        writer.Sample(statistics.LoopAllocatedBytes);
        writer.Counter("freshet_clients_accepted_total", "Client connections accepted.");
        writer.Sample(statistics.ClientsAccepted);
        writer.Counter("freshet_clients_refused_total", "Client connections refused.");
        writer.Sample(statistics.ClientsRefused);
        writer.Counter("freshet_login_failures_total", "Client logins that failed.");
        writer.Sample(statistics.LoginFailures);
        writer.Counter("freshet_protocol_errors_total", "Connections closed because their peer broke the protocol.");
        writer.Sample(statistics.ProtocolErrors);
        writer.Counter("freshet_cancel_requests_total", "Cancel requests received.");
        writer.Sample(statistics.CancelRequests);
        writer.Gauge("freshet_cancels_waiting", "Cancel requests that wait for their turn at a server.");
        writer.Sample(statistics.CancelsWaiting);
        writer.Counter("freshet_cancels_dropped_total", "Cancel requests whose query was over before their turn.");
        writer.Sample(statistics.CancelsDropped);
        writer.Counter("freshet_broken_invariants_total", "Defects of the proxy itself; report any.");
        writer.Sample(statistics.BrokenInvariants);
        writer.Gauge("freshet_buffer_lent_bytes", "Buffers in use at this moment.");
        writer.Sample(statistics.BufferBytesLent);
        writer.Gauge("freshet_shared_statements", "Texts of prepared statements kept for sharing.");
        writer.Sample(statistics.SharedStatements);
        writer.Gauge("freshet_shared_statement_bytes", "Bytes of them; statementCacheSize is the limit.");
        writer.Sample(statistics.SharedStatementBytes);
        writer.Gauge("freshet_draining", "1 while the proxy drains.");
        writer.Sample(statistics.Draining ? 1 : 0);
    }

    private static IEnumerable<KeyValuePair<string, long>> Sorted(ImmutableDictionary<string, long> reasons) =>
        reasons.OrderBy(pair => pair.Key, StringComparer.Ordinal);
}
