using System.Collections.Concurrent;
using Freshet.Core.Wire.Auth;
using Freshet.Server.Proxy.Settings;

namespace Freshet.Server.Proxy;

/// <summary>The users of one snapshot with what a login needs at hand: a SCRAM verifier costs 4,096 rounds of
/// hashing to make and is made once per user.</summary>
internal sealed class UserDirectory(ProxySnapshot snapshot, byte[] mockKey)
{
    private readonly ConcurrentDictionary<string, ScramVerifier> _verifiers = new(StringComparer.Ordinal);

    private readonly Lazy<bool> _onlyVerifiers = new(() =>
        snapshot.Users.Values.All(user => user.Secret is null || ScramVerifier.TryParse(user.Secret, out _))
    );

    /// <summary>Under <c>auth = md5</c>: whether this user is asked for SCRAM, because no md5 answer can be checked
    /// against a verifier. An unknown user is asked for what the others are.</summary>
    public bool AsksForScram(string name) =>
        Find(name)?.Secret is { } secret ? ScramVerifier.TryParse(secret, out _) : _onlyVerifiers.Value;

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
