namespace Freshet.Server.Proxy.Caching;

/// <summary>
/// Keeps texts that nobody asks for twice from being analysed: those of applications that write constants into their
/// SQL. While new texts mostly come again, each is let through at once; while they do not, only those that were seen
/// before. Judged anew after each <see cref="Window"/> texts. Used on one loop's thread.
/// </summary>
internal sealed class TextSieve
{
    private const int Window = 256;
    private const int Places = 1 << 14;

    private readonly uint[] _seen = new uint[Places];
    private int _new, _again;

    /// <summary>Texts are let through only the second time.</summary>
    public bool IsLazy { get; private set; }

    /// <summary>A text that has been analysed was asked for.</summary>
    public void OnKnown() => Count(isNew: false);

    /// <summary>Whether a text that has not been analysed is to be.</summary>
    public bool Admits(ulong hash)
    {
        ref uint place = ref _seen[hash % Places];
        uint tag = (uint)(hash >> 32) | 1;
        bool again = place == tag;
        place = tag;
        Count(isNew: !again);
        return again || !IsLazy;
    }

    private void Count(bool isNew)
    {
        _new += isNew ? 1 : 0;
        _again += isNew ? 0 : 1;
        if (_new + _again >= Window)
        {
            IsLazy = _new > _again * 3;
            _new = _again = 0;
        }
    }
}
