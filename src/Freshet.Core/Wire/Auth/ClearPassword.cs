using System.Security.Cryptography;
using System.Text;

namespace Freshet.Core.Wire.Auth;

/// <summary>Checks a clear-text password against whatever form the secret has, as PostgreSQL's <c>password</c> method
/// does.</summary>
internal static class ClearPassword
{
    /// <param name="secret">A clear password, <c>md5…</c> or <c>SCRAM-SHA-256$…</c>.</param>
    /// <param name="user">The role name, which the md5 form depends on.</param>
    /// <param name="password">What the client sent, without its zero byte. Empty never matches.</param>
    public static bool Verify(string secret, string user, ReadOnlySpan<byte> password)
    {
        if (password.Length == 0) return false;
        if (ScramVerifier.TryParse(secret, out var verifier)) return verifier.Matches(password);
        if (!Md5Password.IsHash(secret))
            return CryptographicOperations.FixedTimeEquals(Encoding.UTF8.GetBytes(secret), password);
        var hash = Md5Password.Hash(user, Encoding.UTF8.GetString(password));
        return CryptographicOperations.FixedTimeEquals(Encoding.ASCII.GetBytes(hash), Encoding.ASCII.GetBytes(secret));
    }
}
