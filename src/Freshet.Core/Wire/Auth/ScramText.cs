using System.Buffers.Text;

namespace Freshet.Core.Wire.Auth;

/// <summary>The few pieces of text that SCRAM messages are made of (RFC 5802, section 7): attributes <c>x=value</c>
/// between commas, base64, printable nonces.</summary>
internal static class ScramText
{
    public const string Mechanism = "SCRAM-SHA-256";
    public const string MechanismPlus = "SCRAM-SHA-256-PLUS";

    /// <summary>Longest message taken from a peer. Real ones stay below 300 bytes; the limit keeps hostile lengths
    /// out of all that follows.</summary>
    public const int MaximumMessage = 4096;

    /// <summary>Bytes of randomness in a nonce, as in PostgreSQL (<c>SCRAM_RAW_NONCE_LEN</c>).</summary>
    public const int NonceLength = 18;

    /// <summary>Takes <c>name=value</c> off the front of <paramref name="rest"/>, with its comma.</summary>
    public static bool TryTakeAttribute(scoped ref ReadOnlySpan<byte> rest, byte name, out ReadOnlySpan<byte> value)
    {
        if (rest.Length >= 1 && rest[0] == name) return TryTakeAnyAttribute(ref rest, out _, out value);
        value = default;
        return false;
    }

    /// <summary>Takes one attribute of any name, which must be a letter.</summary>
    public static bool TryTakeAnyAttribute(
        scoped ref ReadOnlySpan<byte> rest, out byte name, out ReadOnlySpan<byte> value)
    {
        name = 0;
        value = default;
        if (rest.Length < 2 || !char.IsAsciiLetter((char)rest[0]) || rest[1] != '=') return false;
        name = rest[0];
        var comma = rest.IndexOf((byte)',');
        value = comma < 0 ? rest[2..] : rest[2..comma];
        rest = comma < 0 ? default : rest[(comma + 1)..];
        return true;
    }

    /// <summary>RFC 5802's <c>printable</c>: 0x21-0x7E without the comma; and not empty.</summary>
    public static bool IsPrintable(ReadOnlySpan<byte> text) =>
        text.Length > 0 && !text.Contains((byte)',') && text.IndexOfAnyExceptInRange((byte)0x21, (byte)0x7E) < 0;

    /// <summary>Decodes base64 of at most <paramref name="maximum"/> bytes; white space is not allowed.</summary>
    public static bool TryDecode(ReadOnlySpan<byte> text, int maximum, out byte[] data)
    {
        data = [];
        if (text.Length % 4 != 0 || text.Length > (maximum + 2) / 3 * 4) return false;
        if (text.IndexOfAnyInRange((byte)0, (byte)0x20) >= 0) return false;
        var buffer = new byte[Base64.GetMaxDecodedFromUtf8Length(text.Length)];
        var status = Base64.DecodeFromUtf8(text, buffer, out var read, out var written);
        if (status != System.Buffers.OperationStatus.Done || read != text.Length || written > maximum) return false;
        data = buffer.AsSpan(0, written).ToArray();
        return true;
    }

    /// <summary>What an error message may show of a peer's bytes: short and printable, as PostgreSQL does it.</summary>
    public static string Sanitize(ReadOnlySpan<byte> text)
    {
        var shown = new char[Math.Min(text.Length, 30)];
        for (var i = 0; i < shown.Length; i++) shown[i] = text[i] is >= 0x21 and <= 0x7E ? (char)text[i] : '?';
        return new string(shown);
    }
}
