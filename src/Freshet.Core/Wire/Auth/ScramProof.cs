using System.Security.Cryptography;

namespace Freshet.Core.Wire.Auth;

/// <summary>The three computations of RFC 5802, section 3, over the AuthMessage that both exchanges build.</summary>
internal static class ScramProof
{
    /// <summary>client-first-bare "," server-first "," client-final-without-proof.</summary>
    public static byte[] AuthMessage(
        ReadOnlySpan<byte> clientFirstBare,
        ReadOnlySpan<byte> serverFirst,
        ReadOnlySpan<byte> clientFinalWithoutProof) =>
        [.. clientFirstBare, (byte)',', .. serverFirst, (byte)',', .. clientFinalWithoutProof];

    /// <summary>ClientKey XOR ClientSignature. Its own inverse: proof in, ClientKey out.</summary>
    public static byte[] Mask(
        ReadOnlySpan<byte> keyOrProof, ReadOnlySpan<byte> storedKey, ReadOnlySpan<byte> authMessage)
    {
        var result = HMACSHA256.HashData(storedKey, authMessage);
        for (var i = 0; i < result.Length; i++) result[i] ^= keyOrProof[i];
        return result;
    }

    public static byte[] ServerSignature(ReadOnlySpan<byte> serverKey, ReadOnlySpan<byte> authMessage) =>
        HMACSHA256.HashData(serverKey, authMessage);
}
