using Freshet.Server.Health;

namespace Freshet.Server.Http;

/// <summary>The last health report as metrics.</summary>
internal static class HealthMetricsPage
{
    public static void Write(ExpositionWriter writer, HealthReport report)
    {
        writer.Gauge("freshet_health_status", "0: healthy, 1: degraded, 2: unhealthy.");
        writer.Sample((int)report.Status);
        writer.Gauge("freshet_health_check", "0: passes, 1: warns, 2: fails.");
        foreach (var check in report.Checks)
            writer.Sample((int)check.Status, ("check", check.Name));
    }
}
