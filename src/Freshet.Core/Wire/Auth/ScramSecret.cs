namespace Freshet.Core.Wire.Auth;

/// <summary>A password for one server, with the keys of the last login that succeeded (RFC 5802 section 5.1 allows to
/// keep them), so that the next one costs no key derivation. For clients that may block. Any thread.</summary>
internal sealed class ScramSecret(string password)
{
    private volatile ScramKeys? _keys;

    /// <summary>For one login without TLS.</summary>
    public ScramClientExchange Begin() => new(password, _keys, certificateHash: []);

    /// <summary>As <see cref="ScramClientExchange.ServerFirst"/>, but derives the keys where they are needed.</summary>
    public static ScramResult Answer(ScramClientExchange exchange, ReadOnlySpan<byte> challenge)
    {
        ScramResult result = exchange.ServerFirst(challenge);
        return result == ScramResult.KeysNeeded ? exchange.UseKeys(exchange.DeriveKeys()) : result;
    }

    /// <summary>As <see cref="ScramClientExchange.ServerFinal"/>; remembers the keys of a success.</summary>
    public ScramResult End(ScramClientExchange exchange, ReadOnlySpan<byte> final)
    {
        ScramResult result = exchange.ServerFinal(final);
        _keys = exchange.Keys ?? _keys;
        return result;
    }

    public override string ToString() => "SCRAM secret (hidden)";
}
