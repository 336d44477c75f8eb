using Freshet.Tests.Integration.Servers;
using Xunit;

namespace Freshet.Tests.Integration.Hardening;

/// <summary>What a proxy holds at one moment: read before and after a test, so that a leak shows.</summary>
/// <param name="OtherSockets">Open files that are neither a client nor a server connection.</param>
internal sealed record Footprint(
    double Clients,
    double Servers,
    double ServersAtWork,
    double Waiting,
    double LentBytes,
    double BrokenInvariants,
    double OtherSockets
)
{
    /// <summary>How long a proxy may take to notice that everybody has gone.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    public static async Task<Footprint> ReadAsync(FreshetProcess proxy, CancellationToken cancellation)
    {
        var metrics = await proxy.ReadMetricsAsync(cancellation);
        var clients = metrics["freshet_clients"];
        var servers = metrics["freshet_servers"];
        return new Footprint(
            clients,
            servers,
            Sum(metrics, "freshet_pool_servers{", "active", "login", "tested"),
            Sum(metrics, "freshet_pool_clients{", "waiting"),
            metrics["freshet_buffer_lent_bytes"],
            metrics["freshet_broken_invariants_total"],
            OpenSockets(proxy) - clients - servers
        );
    }

    /// <summary>Waits until nothing is in use but idle server connections, as it was before; fails with what is left.
    /// </summary>
    public static async Task AssertNothingLeakedAsync(
        FreshetProcess proxy, Footprint before, CancellationToken cancellation)
    {
        var ends = DateTime.UtcNow + Patience;
        Footprint now;
        do
        {
            now = await ReadAsync(proxy, cancellation);
            if (now.IsQuiet && now.OtherSockets <= before.OtherSockets)
            {
                return;
            }

            await Task.Delay(50, cancellation);
        } while (DateTime.UtcNow < ends);

        Assert.Fail($"left behind: {now}\nbefore: {before}\n{Descriptors(proxy)}\n{proxy.Output}");
    }

    /// <summary>Sockets, epolls and eventfds. The runtime keeps a descriptor of each assembly, too, and loads some
    /// of them late.</summary>
    private static int OpenSockets(FreshetProcess proxy) =>
        Directory.EnumerateFiles($"/proc/{proxy.ProcessId}/fd")
            .Count(path => new FileInfo(path).LinkTarget is { } target
                && (target.StartsWith("socket:", StringComparison.Ordinal)
                    || target.StartsWith("anon_inode:", StringComparison.Ordinal)));

    /// <summary>What the descriptors are, for the message of a failure.</summary>
    private static string Descriptors(FreshetProcess proxy) =>
        string.Join(
            ", ",
            Directory.EnumerateFiles($"/proc/{proxy.ProcessId}/fd")
                .Select(path => new FileInfo(path).LinkTarget?.Split(':', '[')[0] ?? "gone")
                .CountBy(target => target)
                .Select(count => $"{count.Value} × {count.Key}")
        );

    private bool IsQuiet => this is { Clients: 0, ServersAtWork: 0, Waiting: 0, LentBytes: 0, BrokenInvariants: 0 };

    private static double Sum(IReadOnlyDictionary<string, double> metrics, string name, params string[] states) =>
        metrics
            .Where(sample =>
                sample.Key.StartsWith(name, StringComparison.Ordinal)
                && states.Any(state => sample.Key.Contains($"state=\"{state}\"", StringComparison.Ordinal))
            )
            .Sum(sample => sample.Value);
}
