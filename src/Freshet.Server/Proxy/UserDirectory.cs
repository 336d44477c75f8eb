using System.Collections.Concurrent;
using Freshet.Core.Wire.Auth;
using Freshet.Server.Proxy.Settings;

namespace Freshet.Server.Proxy;

/// <summary>The users of one snapshot with what a login needs at hand: a SCRAM verifier costs 4,096 rounds of
/// hashing to make and is made once per user.</summary>
internal sealed class UserDirectory(ProxySnapshot snapshot, byte[] mockKey)
{
    private readonly ConcurrentDictionary<string, ScramVerifier> _verifiers = new(StringComparer.Ordinal);

    public UserSnapshot? Find(string name) => snapshot.Users.GetValueOrDefault(name);

    /// <summary>The verifier of a user; a believable one that fits no password where the user, or his secret, does
    /// not exist.</summary>
    public ScramVerifier Verifier(string name)
    {
        string? secret = Find(name)?.Secret;
        if (secret is null || Md5Password.IsHash(secret))
        {
            return ScramVerifier.Mock(name, mockKey);
        }

        return _verifiers.GetOrAdd(
            name,
            static (_, known) =>
                ScramVerifier.TryParse(known, out ScramVerifier? stored) ? stored : ScramVerifier.FromPassword(known),
            secret
        );
    }
}
