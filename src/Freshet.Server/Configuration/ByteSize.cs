using System.Globalization;

namespace Freshet.Server.Configuration;

/// <summary>A number of bytes as the configuration writes it: <c>256KB</c>, <c>64MB</c>, <c>1GB</c> (powers of 1024,
/// as in postgresql.conf), or a plain number.</summary>
internal static class ByteSize
{
    public const string Allowed = "a size such as 256KB, 64MB, 1GB, or a number of bytes";

    private static readonly (string Suffix, long Bytes)[] Units =
    [
        ("GB", 1L << 30),
        ("MB", 1L << 20),
        ("KB", 1L << 10),
        ("B", 1),
    ];

    public static bool TryParse(string text, out long bytes)
    {
        bytes = 0;
        var number = text.AsSpan().Trim();
        var factor = 1L;
        foreach (var (suffix, unit) in Units)
        {
            if (number.EndsWith(suffix, StringComparison.OrdinalIgnoreCase))
            {
                number = number[..^suffix.Length].TrimEnd();
                factor = unit;
                break;
            }
        }
        if (
            !long.TryParse(number, NumberStyles.None, CultureInfo.InvariantCulture, out var value)
            || value > long.MaxValue / factor
        )
            return false;
        bytes = value * factor;
        return true;
    }

    public static string Format(long bytes)
    {
        foreach (var (suffix, unit) in Units)
        {
            if (bytes != 0 && bytes % unit == 0)
                return $"{bytes / unit}{suffix}";
        }
        return bytes.ToString(CultureInfo.InvariantCulture);
    }
}
