namespace Freshet.Server.Proxy.Caching;

/// <summary>Finds a statement by the number that stands in its results' headers, without a lock. Later numbers take
/// over the places of earlier ones, whose results then count as misses.</summary>
internal sealed class StatementTable
{
    private const int Places = 1 << 16;

    private readonly CachedStatement?[] _statements = new CachedStatement?[Places];
    private int _last;

    public int NextNumber() => Interlocked.Increment(ref _last) & int.MaxValue;

    public void Add(CachedStatement statement) =>
        Volatile.Write(ref _statements[statement.Number & (Places - 1)], statement);

    public CachedStatement? Find(int number) =>
        Volatile.Read(ref _statements[number & (Places - 1)]) is { } found && found.Number == number ? found : null;

    public IEnumerable<CachedStatement> All => _statements.OfType<CachedStatement>();
}
