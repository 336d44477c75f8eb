using System.Collections.Concurrent;
using System.Security.Cryptography;
using System.Text;

namespace Freshet.Bench.Load.Wire;

/// <summary>
/// The client's side of SCRAM-SHA-256 (RFC 5802, RFC 7677) for one password. It remembers the salted password per
/// salt, as the 4,096 rounds of PBKDF2 are the client's cost, and it is the server's speed that is measured.
/// </summary>
internal sealed class ScramSecret(string password)
{
    private const int KeyBytes = 32;
    private static readonly byte[] ClientKeyLabel = "Client Key"u8.ToArray();

    private readonly ConcurrentDictionary<string, byte[]> salted = new(StringComparer.Ordinal);

    /// <summary>client-first-message-bare: the server takes the user from the startup packet.</summary>
    public static string FirstBare(string nonce) => $"n=,r={nonce}";

    /// <summary>The client-final-message for a server-first-message.</summary>
    public string Final(string firstBare, string serverFirst)
    {
        var fields = serverFirst.Split(',').ToDictionary(field => field[0], field => field[2..]);
        var withoutProof = $"c=biws,r={fields['r']}";
        var clientKey = HMACSHA256.HashData(SaltedPassword(fields['s'], int.Parse(fields['i'])), ClientKeyLabel);
        Span<byte> storedKey = stackalloc byte[KeyBytes];
        SHA256.HashData(clientKey, storedKey);
        var proof = HMACSHA256.HashData(
            storedKey, Encoding.UTF8.GetBytes($"{firstBare},{serverFirst},{withoutProof}"));
        for (var at = 0; at < KeyBytes; at++)
            proof[at] ^= clientKey[at];
        return $"{withoutProof},p={Convert.ToBase64String(proof)}";
    }

    private byte[] SaltedPassword(string salt, int iterations) => salted.GetOrAdd(
        $"{iterations},{salt}",
        _ => Rfc2898DeriveBytes.Pbkdf2(
            password, Convert.FromBase64String(salt), iterations, HashAlgorithmName.SHA256, KeyBytes));
}
