using System.Runtime.InteropServices;

namespace Freshet.Server.Demo;

/// <summary>Removes what is left of private clusters when the process ends other than by their disposal. Any thread
/// may call; the handlers run on the runtime's signal thread or at process exit, so clean-up there is synchronous.
/// </summary>
internal static class ClusterGuard
{
    private static readonly Lock Gate = new();
    private static readonly HashSet<PrivatePostgres> Living = [];
    private static PosixSignalRegistration[] _registrations = [];

    static ClusterGuard() => AppDomain.CurrentDomain.ProcessExit += (_, _) => StopAll(_ => true);

    public static void Watch(PrivatePostgres cluster)
    {
        lock (Gate)
        {
            Living.Add(cluster);
            if (!cluster.StopOnSignals || _registrations.Length > 0)
                return;
            // .NET 10 raises no ProcessExit on these by itself. The default action (the end) follows the handler.
            _registrations =
            [
                PosixSignalRegistration.Create(PosixSignal.SIGINT, _ => StopAll(living => living.StopOnSignals)),
                PosixSignalRegistration.Create(PosixSignal.SIGTERM, _ => StopAll(living => living.StopOnSignals)),
                PosixSignalRegistration.Create(PosixSignal.SIGHUP, _ => StopAll(living => living.StopOnSignals)),
            ];
        }
    }

    public static void Forget(PrivatePostgres cluster)
    {
        PosixSignalRegistration[] idle = [];
        lock (Gate)
        {
            Living.Remove(cluster);
            if (!Living.Any(living => living.StopOnSignals))
                (idle, _registrations) = (_registrations, idle);
        }
        foreach (var registration in idle)
            registration.Dispose();
    }

    private static void StopAll(Func<PrivatePostgres, bool> wanted)
    {
        PrivatePostgres[] clusters;
        lock (Gate)
            clusters = [.. Living.Where(wanted)];
        foreach (var cluster in clusters)
            cluster.RemoveNow();
    }
}
