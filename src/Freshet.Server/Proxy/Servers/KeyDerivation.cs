using System.Runtime.ExceptionServices;
using Freshet.Core.Wire.Auth;
using Freshet.Server.Proxy.Loop;

namespace Freshet.Server.Proxy.Servers;

/// <summary>
/// Derives SCRAM keys on the thread pool, so that no loop stands still while a server's iteration count is worked off:
/// a millisecond for an honest one, a third of a second for the most that a hostile one may ask for. At most half of
/// the processors work on it, the others wait their turn; every server connection in its login has one at most, so
/// that the pools' sizes bound their number. Any thread.
/// </summary>
internal sealed class KeyDerivation
{
    /// <summary>Derivations at the same time.</summary>
    internal static readonly int MostAtOnce = Math.Max(1, Environment.ProcessorCount / 2);

    /// <summary>Where they run; first come, first served.</summary>
    internal TaskScheduler Scheduler { get; } =
        new ConcurrentExclusiveSchedulerPair(TaskScheduler.Default, MostAtOnce).ConcurrentScheduler;

    /// <summary>Calls back on the loop, later in any case. Whoever asked may be gone by then and looks itself.
    /// </summary>
    public void Begin(ScramClientExchange exchange, EventLoop loop, Action<ScramKeys> derived) =>
        _ = Task.Factory.StartNew(
            () => Derive(exchange, loop, derived),
            CancellationToken.None,
            TaskCreationOptions.DenyChildAttach,
            Scheduler
        );

    private static void Derive(ScramClientExchange exchange, EventLoop loop, Action<ScramKeys> derived)
    {
        try
        {
            ScramKeys keys = exchange.DeriveKeys();
            loop.Post(() => derived(keys));
        }
        catch (Exception defect)
        {
            // The loop counts and logs it; the connection ends with its connect time limit.
            var captured = ExceptionDispatchInfo.Capture(defect);
            loop.Post(captured.Throw);
        }
    }
}
