namespace Freshet.Tests.Unit;

/// <summary>Counts what code allocates on this thread.</summary>
internal static class Allocations
{
    /// <summary>The least of five series: the first ones warm the code up, and the runtime compiles it anew at moments
    /// of its own; what allocates, allocates in every one of them.</summary>
    public static long Least(Action series)
    {
        var least = long.MaxValue;
        for (var attempt = 0; attempt < 5 && least > 0; attempt++)
        {
            var before = GC.GetAllocatedBytesForCurrentThread();
            series();
            least = Math.Min(least, GC.GetAllocatedBytesForCurrentThread() - before);
        }

        return least;
    }
}
