using System.Security.Cryptography;

namespace Freshet.Core.Wire.Auth;

/// <summary>
/// A verifier together with its ClientKey: as good as the password towards any server that has the same salt and
/// iteration count, without the cost of deriving it again. Won from a password, from a client's proof (SCRAM
/// pass-through) or from a login of our own. A secret; immutable.
/// </summary>
internal sealed class ScramKeys
{
    private readonly byte[] _clientKey;

    public ScramKeys(ScramVerifier verifier, ReadOnlySpan<byte> clientKey)
    {
        if (clientKey.Length != ScramVerifier.KeyLength)
            throw new ArgumentException($"a ClientKey has 32 bytes, not {clientKey.Length}", nameof(clientKey));
        Verifier = verifier;
        _clientKey = clientKey.ToArray();
    }

    public ScramVerifier Verifier { get; }
    public ReadOnlySpan<byte> ClientKey => _clientKey;

    /// <summary>Derives the keys (PBKDF2): blocks, in proportion to <paramref name="iterations"/>.</summary>
    public static ScramKeys FromPassword(ReadOnlySpan<byte> password, ReadOnlySpan<byte> salt, int iterations)
    {
        var salted = Rfc2898DeriveBytes.Pbkdf2(
            SaslPrep.Prepare(password), salt, iterations, HashAlgorithmName.SHA256, ScramVerifier.KeyLength);
        var clientKey = HMACSHA256.HashData(salted, "Client Key"u8);
        var serverKey = HMACSHA256.HashData(salted, "Server Key"u8);
        CryptographicOperations.ZeroMemory(salted);
        return new(ScramVerifier.FromKeys(iterations, salt, clientKey, serverKey), clientKey);
    }

    /// <summary>Whether these keys answer a server that announces this salt and iteration count.</summary>
    public bool Fits(ReadOnlySpan<byte> salt, int iterations) =>
        iterations == Verifier.Iterations && salt.SequenceEqual(Verifier.Salt);

    public override string ToString() => "SCRAM keys (hidden)";
}
