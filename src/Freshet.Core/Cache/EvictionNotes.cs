using System.Runtime.InteropServices;

namespace Freshet.Core.Cache;

/// <summary>What an entry carries for <see cref="EvictionOrder"/>.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct EvictionNotes
{
    /// <summary>More uses are not counted: a hot entry is not written to, so its line stays shared among the readers.
    /// </summary>
    public const int MostUses = 7;

    /// <summary>Since it was last looked at for eviction. Readers count here without a lock; a use that is lost does no
    /// harm.</summary>
    public int Uses;

    /// <summary>Rounds in the main queue that it has earned and not had.</summary>
    public float Credit;

    /// <summary>Saved time per byte, as a power of two: so the average over many is not that of the few dearest.
    /// </summary>
    public float Worth;

    /// <summary>By its order's clock: when it came to the head of the queue that it is in.</summary>
    public uint QueuedAt;

    public bool IsInMain;
}
