using System.Security.Cryptography;
using System.Text;

namespace Freshet.Core.Wire.Auth;

/// <summary>PostgreSQL's MD5 challenge: <c>"md5" + md5(md5(password + user) + salt)</c>, in lower-case hex.</summary>
internal static class Md5Password
{
    private const int HashLength = 35;
    private const int SaltLength = 4;

    /// <summary>Whether a secret is a stored hash, by PostgreSQL's rule.</summary>
    public static bool IsHash(string? secret) =>
        secret is { Length: HashLength } && secret.StartsWith("md5", StringComparison.Ordinal)
        && secret.AsSpan(3).IndexOfAnyExcept("0123456789abcdef") < 0;

    /// <summary>What <c>pg_authid.rolpassword</c> holds: <c>"md5" + md5(password + user)</c>.</summary>
    public static string Hash(string user, string password) =>
        Digest([.. Encoding.UTF8.GetBytes(password), .. Encoding.UTF8.GetBytes(user)]);

    /// <summary>What a client answers to AuthenticationMD5Password.</summary>
    public static string Answer(string storedHash, ReadOnlySpan<byte> salt)
    {
        if (!IsHash(storedHash)) throw new ArgumentException("not an md5 password hash", nameof(storedHash));
        if (salt.Length != SaltLength) throw new ArgumentException("an md5 salt has 4 bytes", nameof(salt));
        return Digest([.. Encoding.ASCII.GetBytes(storedHash[3..]), .. salt]);
    }

    /// <summary>Checks a client's answer (without its zero byte) in constant time.</summary>
    public static bool Verify(string storedHash, ReadOnlySpan<byte> salt, ReadOnlySpan<byte> answer) =>
        CryptographicOperations.FixedTimeEquals(Encoding.ASCII.GetBytes(Answer(storedHash, salt)), answer);

#pragma warning disable CA5351 // the protocol's choice, not ours; the default method is SCRAM
    private static string Digest(byte[] data) => "md5" + Convert.ToHexStringLower(MD5.HashData(data));
#pragma warning restore CA5351
}
