using Freshet.Core.Sql;

namespace Freshet.Server.Proxy.Relay;

/// <summary>Scans a query text that is too long to be kept while it streams by.</summary>
internal sealed class LongTextScanner(bool standardConformingStrings)
{
    private StatementScanner _scanner = new(standardConformingStrings);
    private bool _ended;

    /// <summary>Takes the next piece; the text ends at a zero byte.</summary>
    public void Feed(ReadOnlySpan<byte> part)
    {
        if (!_ended)
        {
            int zero = part.IndexOf((byte)0);
            _scanner.Feed(zero < 0 ? part : part[..zero]);
            _ended = zero >= 0;
        }
    }

    public StatementTraits Finish() => _scanner.Finish().Traits;
}
