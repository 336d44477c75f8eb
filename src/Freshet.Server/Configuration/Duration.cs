using System.Globalization;

namespace Freshet.Server.Configuration;

/// <summary>A time span as the configuration writes it: <c>250ms</c>, <c>30s</c>, <c>5m</c>, <c>2h</c>, <c>1d</c>, or
/// a number of seconds.</summary>
internal static class Duration
{
    public const string Allowed = "a duration such as 250ms, 30s, 5m, 2h, or a number of seconds";

    private static readonly (string Suffix, decimal Milliseconds)[] Units =
    [
        ("ms", 1),
        ("s", 1_000),
        ("m", 60_000),
        ("h", 3_600_000),
        ("d", 86_400_000),
    ];

    public static bool TryParse(string text, out TimeSpan duration)
    {
        duration = default;
        var number = text.AsSpan().Trim();
        var factor = 1_000m;
        foreach (var (suffix, milliseconds) in Units)
        {
            if (number.EndsWith(suffix, StringComparison.Ordinal))
            {
                number = number[..^suffix.Length].TrimEnd();
                factor = milliseconds;
                break;
            }
        }
        // Twelve digits in days still fit a TimeSpan's ticks only up to ten million days: the cap keeps it exact.
        if (
            !decimal.TryParse(number, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var value)
            || value * factor > 315_360_000_000m
        )
            return false;
        duration = TimeSpan.FromTicks((long)(value * factor * TimeSpan.TicksPerMillisecond));
        return true;
    }

    /// <summary>The shortest spelling that reads back as the same value.</summary>
    public static string Format(TimeSpan duration)
    {
        var milliseconds = (decimal)duration.Ticks / TimeSpan.TicksPerMillisecond;
        if (milliseconds == 0)
            return "0s";
        // Hours and days would be shorter, but operators compare with PgBouncer's seconds.
        return milliseconds % 1_000 == 0
            ? $"{(milliseconds / 1_000).ToString("0", CultureInfo.InvariantCulture)}s"
            : $"{milliseconds.ToString("0.####", CultureInfo.InvariantCulture)}ms";
    }
}
