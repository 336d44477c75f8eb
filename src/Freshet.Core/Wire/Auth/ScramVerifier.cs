using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace Freshet.Core.Wire.Auth;

/// <summary>What a server keeps of a SCRAM-SHA-256 password, in PostgreSQL's form
/// <c>SCRAM-SHA-256$iterations:salt$StoredKey:ServerKey</c> (<c>pg_authid.rolpassword</c>). Immutable.</summary>
internal sealed class ScramVerifier
{
    /// <summary>PostgreSQL's default of <c>scram_iterations</c>.</summary>
    public const int DefaultIterations = 4096;

    /// <summary>Length of a SHA-256 hash, so of each key.</summary>
    public const int KeyLength = 32;

    /// <summary>PostgreSQL's <c>SCRAM_DEFAULT_SALT_LEN</c>.</summary>
    public const int DefaultSaltLength = 16;

    /// <summary>Longest salt that is taken; PostgreSQL and every known client use 16 bytes.</summary>
    public const int MaximumSaltLength = 1024;

    private const string Prefix = "SCRAM-SHA-256$";

    private readonly byte[] _salt;
    private readonly byte[] _storedKey;
    private readonly byte[] _serverKey;

    private ScramVerifier(int iterations, byte[] salt, byte[] storedKey, byte[] serverKey, bool isMock = false)
    {
        Iterations = iterations;
        _salt = salt;
        _storedKey = storedKey;
        _serverKey = serverKey;
        IsMock = isMock;
    }

    public int Iterations { get; }
    public ReadOnlySpan<byte> Salt => _salt;
    public ReadOnlySpan<byte> StoredKey => _storedKey;
    public ReadOnlySpan<byte> ServerKey => _serverKey;

    /// <summary>True when it stands for a user that does not exist: no password fits it.</summary>
    public bool IsMock { get; }

    /// <summary>True when a secret claims to be a verifier, well formed or not.</summary>
    public static bool IsVerifier(string? secret) =>
        secret is not null && secret.StartsWith(Prefix, StringComparison.Ordinal);

    public static bool TryParse(string? text, [NotNullWhen(true)] out ScramVerifier? verifier)
    {
        verifier = null;
        if (text is null || !IsVerifier(text)) return false;
        var parts = text[Prefix.Length..].Split(':', '$');
        // Split loses which separator stood where: the format demands ':' '$' ':' in this order.
        if (parts.Length != 4 || text[Prefix.Length + parts[0].Length] != ':'
            || text[Prefix.Length + parts[0].Length + parts[1].Length + 1] != '$') return false;
        if (!int.TryParse(parts[0], NumberStyles.None, CultureInfo.InvariantCulture, out var iterations)
            || iterations < 1) return false;
        if (!ScramText.TryDecode(Encoding.UTF8.GetBytes(parts[1]), MaximumSaltLength, out var salt)
            || salt.Length == 0) return false;
        if (!ScramText.TryDecode(Encoding.UTF8.GetBytes(parts[2]), KeyLength, out var storedKey)
            || storedKey.Length != KeyLength) return false;
        if (!ScramText.TryDecode(Encoding.UTF8.GetBytes(parts[3]), KeyLength, out var serverKey)
            || serverKey.Length != KeyLength) return false;
        verifier = new(iterations, salt, storedKey, serverKey);
        return true;
    }

    /// <summary>A verifier with a fresh salt. Blocks for the key derivation (about 1 ms at 4096 iterations).</summary>
    public static ScramVerifier FromPassword(string password, int iterations = DefaultIterations) =>
        FromPassword(Encoding.UTF8.GetBytes(password), RandomNumberGenerator.GetBytes(DefaultSaltLength), iterations);

    public static ScramVerifier FromPassword(ReadOnlySpan<byte> password, ReadOnlySpan<byte> salt, int iterations) =>
        ScramKeys.FromPassword(password, salt, iterations).Verifier;

    /// <summary>
    /// The verifier shown to a client that names an unknown user: the same user always sees the same salt, as with a
    /// real one, so that names cannot be probed; no password fits.
    /// </summary>
    /// <param name="userName">The name that the client gave.</param>
    /// <param name="key">A secret of this process (PostgreSQL: the cluster's mock authentication nonce).</param>
    /// <param name="iterations">What the real users have, or it would tell them apart.</param>
    public static ScramVerifier Mock(string userName, ReadOnlySpan<byte> key, int iterations = DefaultIterations)
    {
        var salt = HMACSHA256.HashData(key, Encoding.UTF8.GetBytes(userName)).AsSpan(0, DefaultSaltLength).ToArray();
        return new(iterations, salt, new byte[KeyLength], new byte[KeyLength], isMock: true);
    }

    internal static ScramVerifier FromKeys(
        int iterations, ReadOnlySpan<byte> salt, ReadOnlySpan<byte> clientKey, byte[] serverKey) =>
        new(iterations, salt.ToArray(), SHA256.HashData(clientKey), serverKey);

    /// <summary>Whether a clear-text password belongs to this verifier; blocks like <c>FromPassword</c>.</summary>
    public bool Matches(ReadOnlySpan<byte> password)
    {
        var other = FromPassword(password, _salt, Iterations);
        return CryptographicOperations.FixedTimeEquals(other._serverKey, _serverKey) && !IsMock;
    }

    /// <summary>PostgreSQL's text form: a secret.</summary>
    public string Format() => string.Create(CultureInfo.InvariantCulture,
        $"{Prefix}{Iterations}:{Convert.ToBase64String(_salt)}${Convert.ToBase64String(_storedKey)}:"
        + $"{Convert.ToBase64String(_serverKey)}");

    public override string ToString() => "SCRAM-SHA-256 verifier (hidden)";
}
