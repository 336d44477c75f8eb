using System.Collections.Concurrent;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace Freshet.Server.Demo.Traffic;

/// <summary>The client's half of SCRAM-SHA-256 (RFC 5802, RFC 7677) for the traffic generator. The salted password is
/// kept per salt (RFC 5802 section 5.1 allows it): its 4,096 hash rounds would otherwise be most of the generator's
/// CPU time, on the same cores as the server that is measured.</summary>
internal sealed class ScramClient(string password)
{
    // Each server has one salt per role; more would be a sign of a server that makes them up.
    private const int MostSalts = 64;

    private readonly ConcurrentDictionary<string, byte[]> _saltedPasswords = new(StringComparer.Ordinal);

    public static string NewNonce() => Convert.ToBase64String(RandomNumberGenerator.GetBytes(18));

    /// <summary>"n": no channel binding; the user is the one of the startup message.</summary>
    public static string FirstMessage(string nonce) => "n,,n=,r=" + nonce;

    /// <summary>The final message, and the signature that the server must answer with.</summary>
    public (string Message, string ServerSignature) Answer(string nonce, string challenge)
    {
        var parts = challenge.Split(',');
        if (parts.Length < 3 || !parts[0].StartsWith("r=" + nonce, StringComparison.Ordinal)
            || !parts[1].StartsWith("s=", StringComparison.Ordinal)
            || !parts[2].StartsWith("i=", StringComparison.Ordinal))
        {
            throw new TrafficException("08P01", $"not a SCRAM challenge for us: {challenge}");
        }
        var salted = SaltedPassword(parts[1][2..], int.Parse(parts[2].AsSpan(2), CultureInfo.InvariantCulture));
        var withoutProof = "c=biws," + parts[0]; // biws: "n,," in base64
        var signed = Encoding.UTF8.GetBytes($"n=,r={nonce},{challenge},{withoutProof}");

        var proof = HMACSHA256.HashData(salted, "Client Key"u8);
        var signature = HMACSHA256.HashData(SHA256.HashData(proof), signed);
        for (var index = 0; index < proof.Length; index++)
            proof[index] ^= signature[index];
        var serverKey = HMACSHA256.HashData(salted, "Server Key"u8);
        return (
            $"{withoutProof},p={Convert.ToBase64String(proof)}",
            "v=" + Convert.ToBase64String(HMACSHA256.HashData(serverKey, signed)));
    }

    private byte[] SaltedPassword(string salt, int iterations)
    {
        var key = $"{iterations},{salt}";
        if (_saltedPasswords.TryGetValue(key, out var known))
            return known;
        if (_saltedPasswords.Count >= MostSalts)
            _saltedPasswords.Clear();
        var salted = Rfc2898DeriveBytes.Pbkdf2(
            password, Convert.FromBase64String(salt), iterations, HashAlgorithmName.SHA256, 32);
        return _saltedPasswords[key] = salted;
    }
}
