using Freshet.Core.Sql;

namespace Freshet.Server.Proxy.Relay;

/// <summary>Scans a query text that is too long to be kept while it streams by.</summary>
internal sealed class LongTextScanner(bool standardConformingStrings)
{
    private StatementScanner _scanner = new(standardConformingStrings);

    public void Feed(ReadOnlySpan<byte> part)
    {
        int zero = part.IndexOf((byte)0);
        _scanner.Feed(zero < 0 ? part : part[..zero]);
    }

    public StatementTraits Finish() => _scanner.Finish().Traits;
}
