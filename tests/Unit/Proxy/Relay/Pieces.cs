namespace Freshet.Tests.Unit.Proxy.Relay;

/// <summary>Ways in which a stream of bytes may arrive. No piece is longer than one read of the loop.</summary>
internal static class Pieces
{
    private const int Longest = 64 * 1024;

    /// <summary>In two pieces, cut at every position.</summary>
    public static IEnumerable<int[]> EverySplit(int length) =>
        Enumerable.Range(0, length + 1).Select(at => new[] { at });

    public static int[] Whole(int length) =>
        [.. Enumerable.Range(1, Math.Max(0, (length - 1) / Longest)).Select(part => part * Longest)];

    /// <summary>In pieces of random sizes: sometimes bytes, sometimes whole reads.</summary>
    public static int[] Random(int length, Random random)
    {
        List<int> cuts = [];
        int most = random.Next(4) switch { 0 => 7, 1 => 300, 2 => 5_000, _ => Longest };
        if (length / most > 2_000)
        {
            most = Longest;
        }

        for (int at = random.Next(1, most + 1); at < length; at += random.Next(1, most + 1))
        {
            cuts.Add(at);
        }

        return [.. cuts];
    }

    /// <summary>Feeds the pieces; what the consumer leaves unused comes again in front of the next piece.</summary>
    /// <param name="stream">All bytes.</param>
    /// <param name="cuts">Where a piece ends.</param>
    /// <param name="take">Gets what there is, answers how much it used.</param>
    /// <returns>What was left at the end.</returns>
    public static int Feed(byte[] stream, int[] cuts, Func<byte[], int> take)
    {
        byte[] pending = [];
        int at = 0;
        foreach (int cut in cuts.Append(stream.Length))
        {
            pending = [.. pending, .. stream.AsSpan(at, cut - at)];
            at = cut;
            pending = pending[take(pending)..];
        }

        return pending.Length;
    }
}
