using System.Globalization;
using System.Text;

namespace Freshet.Core.Wire.Auth;

/// <summary>
/// RFC 4013's SASLprep as PostgreSQL applies it to SCRAM passwords: pure ASCII passes untouched, and a password that is
/// not UTF-8 or that the profile prohibits is used as its raw bytes instead of being refused.
/// </summary>
/// <remarks>
/// Mapping, NFKC, the prohibited and unassigned characters of RFC 3454, the rule on mixed directions. NFKC is ours
/// because <see cref="string.Normalize()"/> returns its input under <c>InvariantGlobalization</c>. The tables
/// (<c>saslprep.txt</c>, generated) are read when the first password that is not ASCII shows up.
/// </remarks>
internal static class SaslPrep
{
    private static readonly Lazy<SaslPrepTables> _tables = new(SaslPrepTables.Load);
    private static readonly UTF8Encoding _strict =
        new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    /// <summary>The bytes that go into the key derivation.</summary>
    public static byte[] Prepare(ReadOnlySpan<byte> password)
    {
        if (Ascii.IsValid(password)) return password.ToArray();
        return TryPrepare(password, out var prepared) ? prepared : password.ToArray();
    }

    private static bool TryPrepare(ReadOnlySpan<byte> password, out byte[] prepared)
    {
        prepared = [];
        var tables = _tables.Value;
        var mapped = new List<int>(password.Length);
        for (var rest = password; rest.Length > 0;)
        {
            if (Rune.DecodeFromUtf8(rest, out var rune, out var length) != System.Buffers.OperationStatus.Done)
                return false;
            rest = rest[length..];
            if (SaslPrepTables.Contains(tables.Space, rune.Value)) mapped.Add(' ');
            else if (!SaslPrepTables.Contains(tables.Nothing, rune.Value)) mapped.Add(rune.Value);
        }

        if (mapped.Count == 0) return false;
        var normal = NormalizationKc.Compose(NormalizationKc.Decompose(mapped, tables), tables);
        foreach (var code in normal)
        {
            if (SaslPrepTables.Contains(tables.Prohibited, code)) return false;
        }

        if (!HasOneDirection(normal, tables)) return false;
        var text = new StringBuilder(normal.Count);
        foreach (var code in normal) text.Append(new Rune(code).ToString());
        prepared = _strict.GetBytes(text.ToString());
        return true;
    }

    /// <summary>RFC 3454, section 6: a text with right-to-left characters has no left-to-right ones and begins and ends
    /// with a right-to-left one.</summary>
    private static bool HasOneDirection(List<int> text, SaslPrepTables tables)
    {
        var right = false;
        var left = false;
        foreach (var code in text)
        {
            right |= SaslPrepTables.Contains(tables.RightToLeft, code);
            left |= SaslPrepTables.Contains(tables.LeftToRight, code);
        }

        if (!right) return true;
        return !left
            && SaslPrepTables.Contains(tables.RightToLeft, text[0])
            && SaslPrepTables.Contains(tables.RightToLeft, text[^1]);
    }
}

/// <summary>The content of <c>saslprep.txt</c>: ranges (first, last) in ascending order, and NFKC's mappings.</summary>
internal sealed class SaslPrepTables
{
    public List<(int First, int Last)> Space { get; } = [];
    public List<(int First, int Last)> Nothing { get; } = [];
    public List<(int First, int Last)> Prohibited { get; } = [];
    public List<(int First, int Last)> RightToLeft { get; } = [];
    public List<(int First, int Last)> LeftToRight { get; } = [];
    public Dictionary<int, int> CombiningClass { get; } = [];
    public Dictionary<int, int[]> Decomposition { get; } = [];
    public Dictionary<(int First, int Second), int> Composition { get; } = [];

    public static bool Contains(List<(int First, int Last)> ranges, int code)
    {
        int low = 0, high = ranges.Count - 1;
        while (low <= high)
        {
            var middle = (low + high) >> 1;
            if (code < ranges[middle].First) high = middle - 1;
            else if (code > ranges[middle].Last) low = middle + 1;
            else return true;
        }

        return false;
    }

    public static SaslPrepTables Load()
    {
        using var stream = typeof(SaslPrepTables).Assembly.GetManifestResourceStream("Freshet.Core.saslprep.txt")
            ?? throw new InvalidOperationException("the resource saslprep.txt is missing from the assembly");
        using var reader = new StreamReader(stream, Encoding.ASCII);
        var tables = new SaslPrepTables();
        var section = "";
        while (reader.ReadLine() is { } line)
        {
            if (line.StartsWith(';')) continue;
            if (line.StartsWith('#')) section = line[2..];
            else tables.Add(section, Array.ConvertAll(line.Split(' '), Code));
        }

        return tables;
    }

    private static int Code(string hex) => int.Parse(hex, NumberStyles.HexNumber, CultureInfo.InvariantCulture);

    private void Add(string section, int[] codes)
    {
        switch (section)
        {
            case "space": Space.Add((codes[0], codes[1])); break;
            case "nothing": Nothing.Add((codes[0], codes[1])); break;
            case "prohibited": Prohibited.Add((codes[0], codes[1])); break;
            case "right-to-left": RightToLeft.Add((codes[0], codes[1])); break;
            case "left-to-right": LeftToRight.Add((codes[0], codes[1])); break;
            case "class": CombiningClass.Add(codes[0], codes[1]); break;
            case "decomposition": Decomposition.Add(codes[0], codes[1..]); break;
            case "composition": Composition.Add((codes[0], codes[1]), codes[2]); break;
            default: throw new InvalidOperationException($"saslprep.txt has an unknown section \"{section}\"");
        }
    }
}
