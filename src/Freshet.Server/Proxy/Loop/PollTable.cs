namespace Freshet.Server.Proxy.Loop;

/// <summary>
/// Maps the 64-bit number that epoll hands back to its owner. One table for all loops, because an idle server
/// connection moves between them and keeps its number. Registering locks; looking up does not: the slot's
/// generation is written before its handler and read after it, so that a number of a closed connection never finds
/// the slot's next tenant.
/// </summary>
internal sealed class PollTable
{
    private readonly Lock _lock = new();
    private readonly Stack<int> _free = new();
    private volatile Slot[] _slots = new Slot[1024];
    private int _used;

    private sealed class Slot
    {
        internal volatile uint Generation;
        internal volatile IPollHandler? Handler;
    }

    public ulong Register(IPollHandler handler)
    {
        lock (_lock)
        {
            if (!_free.TryPop(out int index))
            {
                index = _used++;
                if (index == _slots.Length)
                {
                    var grown = new Slot[_slots.Length * 2];
                    _slots.CopyTo(grown, 0);
                    _slots = grown;
                }

                _slots[index] = new Slot();
            }

            Slot slot = _slots[index];
            slot.Generation++;
            slot.Handler = handler;
            return ((ulong)slot.Generation << 32) | (uint)index;
        }
    }

    public void Unregister(ulong id)
    {
        if (id == 0)
        {
            return; // never registered: generations start at 1
        }

        lock (_lock)
        {
            Slot slot = _slots[(int)(uint)id];
            if (slot.Generation != (uint)(id >> 32) || slot.Handler is null)
            {
                return;
            }

            slot.Handler = null;
            slot.Generation++;
            _free.Push((int)(uint)id);
        }
    }

    public IPollHandler? Find(ulong id)
    {
        Slot slot = _slots[(int)(uint)id];
        IPollHandler? handler = slot.Handler;
        return slot.Generation == (uint)(id >> 32) ? handler : null;
    }

    /// <summary>Everybody registered now; for draining and counting.</summary>
    public IPollHandler[] All()
    {
        lock (_lock)
        {
            return [.. _slots.Take(_used).Select(slot => slot.Handler).OfType<IPollHandler>()];
        }
    }
}
