namespace Freshet.Bench.HitRate.Policies;

/// <summary>A queue of keys with removal in the middle; arrays by key in place of nodes.</summary>
internal sealed class LinkedQueue(int keys)
{
    private readonly int[] _newer = Filled(keys);
    private readonly int[] _older = Filled(keys);

    /// <summary>-1: empty.</summary>
    public int Newest { get; private set; } = -1;

    public int Oldest { get; private set; } = -1;

    public long Bytes { get; private set; }

    public int Count { get; private set; }

    public int Newer(int key) => _newer[key];

    public void Push(int key, int bytes)
    {
        _newer[key] = -1;
        _older[key] = Newest;
        if (Newest >= 0)
        {
            _newer[Newest] = key;
        }
        else
        {
            Oldest = key;
        }

        Newest = key;
        Bytes += bytes;
        Count++;
    }

    public void Remove(int key, int bytes)
    {
        if (_newer[key] >= 0)
        {
            _older[_newer[key]] = _older[key];
        }
        else
        {
            Newest = _older[key];
        }

        if (_older[key] >= 0)
        {
            _newer[_older[key]] = _newer[key];
        }
        else
        {
            Oldest = _newer[key];
        }

        Bytes -= bytes;
        Count--;
    }

    private static int[] Filled(int keys)
    {
        int[] all = new int[keys];
        Array.Fill(all, -1);
        return all;
    }
}
