using System.Security.Cryptography;
using System.Text;

namespace Freshet.Server.Http;

/// <summary>The secret that a request must show to change something. Kept as its hash and compared in constant time, so
/// that neither a dump nor the time of an answer tells it.</summary>
internal sealed class HttpToken(string secret)
{
    /// <summary>A shorter one could be tried out.</summary>
    public const int FewestCharacters = 16;

    private const string Scheme = "Bearer ";

    private readonly byte[] _hash = Hash(secret);

    /// <param name="authorization">The header's value; null: there is none.</param>
    public bool Matches(string? authorization) =>
        authorization is not null
        && authorization.StartsWith(Scheme, StringComparison.OrdinalIgnoreCase)
        && CryptographicOperations.FixedTimeEquals(Hash(authorization[Scheme.Length..].Trim()), _hash);

    public override string ToString() => "***";

    private static byte[] Hash(string text) => SHA256.HashData(Encoding.UTF8.GetBytes(text));
}
