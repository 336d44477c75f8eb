using System.Buffers.Text;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace Freshet.Core.Wire.Auth;

/// <summary>
/// The client's side of one SCRAM-SHA-256 login at a server, which is not trusted: every length and number it sends is
/// checked, and success means that it has proved to know our verifier.
/// </summary>
/// <remarks>
/// States: <see cref="Start"/> → <see cref="ServerFirst"/> → where that needs keys, <see cref="UseKeys"/> →
/// <see cref="ServerFinal"/>, each once and in this order; all else is a protocol violation. The caller must not take
/// AuthenticationOk for a success before <see cref="ServerFinal"/> has said so. One login on one thread, but for
/// <see cref="DeriveKeys"/>, which is slow and may run on any.
/// </remarks>
internal sealed class ScramClientExchange
{
    /// <summary>Most iterations that a server may ask for. PostgreSQL's default is 4096 and its documentation speaks of
    /// 15,000; a million costs about a third of a second of a processor, which bounds what a hostile server can take.
    /// </summary>
    public const int MaximumIterations = 1_000_000;

    private enum State
    {
        Start,
        ServerFirst,
        Keys,
        ServerFinal,
        Done,
    }

    private readonly string? _password;
    private readonly ScramKeys? _knownKeys;
    private readonly byte[] _certificateHash;
    private readonly bool _requireChannelBinding;
    private readonly string _nonce;
    private State _state = State.Start;
    private ScramKeys? _candidate;
    private byte[] _bindingHeader = [];
    private byte[] _clientFirstBare = [];
    private byte[] _serverFirst = [];
    private byte[] _serverNonce = [];
    private byte[] _salt = [];
    private int _iterations;
    private byte[] _authMessage = [];
    private byte[] _output = [];

    /// <param name="password">The clear password; null when only keys are there.</param>
    /// <param name="keys">Keys from an earlier login or from a client's proof, used when the server's salt and
    /// iteration count are theirs.</param>
    /// <param name="certificateHash">Hash of the server's certificate for <c>tls-server-end-point</c>; empty without
    /// TLS.</param>
    /// <param name="requireChannelBinding">Refuse a server that does not offer SCRAM-SHA-256-PLUS.</param>
    public ScramClientExchange(
        string? password,
        ScramKeys? keys,
        ReadOnlySpan<byte> certificateHash,
        bool requireChannelBinding = false
    )
        : this(
            password,
            keys,
            certificateHash,
            requireChannelBinding,
            Convert.ToBase64String(RandomNumberGenerator.GetBytes(ScramText.NonceLength))
        )
    { }

    /// <summary>For the tests, which need a known nonce.</summary>
    internal ScramClientExchange(
        string? password,
        ScramKeys? keys,
        ReadOnlySpan<byte> certificateHash,
        bool requireChannelBinding,
        string nonce
    )
    {
        _password = password;
        _knownKeys = keys;
        _certificateHash = certificateHash.ToArray();
        _requireChannelBinding = requireChannelBinding;
        _nonce = nonce;
    }

    /// <summary>The mechanism for SASLInitialResponse, known after <see cref="Start"/>.</summary>
    public string Mechanism { get; private set; } = "";

    /// <summary>The data to send after Continue.</summary>
    public ReadOnlySpan<byte> Output => _output;

    /// <summary>Set with <see cref="ScramResult.ProtocolViolation"/>.</summary>
    public ScramError? Error { get; private set; }

    /// <summary>After success: what makes the next login cheap. Keep it beside the password.</summary>
    public ScramKeys? Keys { get; private set; }

    /// <summary>Chooses from the body of AuthenticationSASL after its int32 10: names, each ended by a zero byte, and a
    /// zero byte.</summary>
    public ScramResult Start(ReadOnlySpan<byte> mechanisms)
    {
        if (_state != State.Start)
            return Fail("unexpected SASL authentication request from the server");
        if (mechanisms.Length > ScramText.MaximumMessage)
            return Fail("the server's list of SASL mechanisms is too long");
        bool plain = false,
            plus = false,
            ended = false;
        while (!ended)
        {
            var end = mechanisms.IndexOf((byte)0);
            if (end < 0)
                return Fail("the server's list of SASL mechanisms is not terminated");
            ended = end == 0;
            plain |= mechanisms[..end].SequenceEqual("SCRAM-SHA-256"u8);
            plus |= mechanisms[..end].SequenceEqual("SCRAM-SHA-256-PLUS"u8);
            mechanisms = mechanisms[(end + 1)..];
        }

        var canBind = _certificateHash.Length > 0;
        if (_requireChannelBinding && !(plus && canBind))
            return Fail(
                "channel binding is required, but the server did not offer an authentication method that "
                    + "supports it",
                "28000"
            );
        if (plus && canBind)
            UseMechanism(ScramText.MechanismPlus, "p=tls-server-end-point,,");
        else if (plain)
            UseMechanism(ScramText.Mechanism, canBind ? "y,," : "n,,");
        else
            return Fail("none of the server's SASL authentication mechanisms are supported", "28000");
        _clientFirstBare = Encoding.ASCII.GetBytes("n=,r=" + _nonce);
        _output = [.. _bindingHeader, .. _clientFirstBare];
        _state = State.ServerFirst;
        return ScramResult.Continue;
    }

    /// <summary>Takes the body of AuthenticationSASLContinue after its int32 11. <see cref="ScramResult.KeysNeeded"/>:
    /// the keys that are known do not fit, so <see cref="DeriveKeys"/> and go on with <see cref="UseKeys"/>.
    /// </summary>
    public ScramResult ServerFirst(ReadOnlySpan<byte> data)
    {
        _output = [];
        if (_state != State.ServerFirst)
            return Fail("unexpected SASL challenge from the server");
        if (data.Length > ScramText.MaximumMessage)
            return Malformed("it is too long");
        var rest = data;
        if (rest.Length > 0 && rest[0] == 'm')
            return Malformed("it demands an extension");
        if (!ScramText.TryTakeAttribute(ref rest, (byte)'r', out var nonce))
            return Malformed("the nonce is missing");
        // A server that adds nothing of its own could replay an old exchange.
        if (
            nonce.Length <= _nonce.Length
            || !nonce.StartsWith(Encoding.ASCII.GetBytes(_nonce))
            || !ScramText.IsPrintable(nonce)
        )
            return Malformed("the nonce is not an extension of ours");
        if (
            !ScramText.TryTakeAttribute(ref rest, (byte)'s', out var saltText)
            || !ScramText.TryDecode(saltText, ScramVerifier.MaximumSaltLength, out var salt)
            || salt.Length == 0
        )
            return Malformed("the salt is missing or not valid base64");
        if (
            !ScramText.TryTakeAttribute(ref rest, (byte)'i', out var iterationsText)
            || !Utf8Parser.TryParse(iterationsText, out int iterations, out var used)
            || used != iterationsText.Length
            || iterationsText[0] is < (byte)'0' or > (byte)'9'
        )
            return Malformed("the iteration count is not a number");
        if (iterations is < 1 or > MaximumIterations)
            return Malformed(
                string.Create(
                    CultureInfo.InvariantCulture,
                    $"the iteration count {iterations} is not between 1 and {MaximumIterations}"
                )
            );
        if (rest.Length > 0)
            return Malformed("there is garbage at its end");

        (_serverFirst, _serverNonce) = (data.ToArray(), nonce.ToArray());
        (_salt, _iterations) = (salt, iterations);
        _state = State.Keys;
        if (_knownKeys is not null && _knownKeys.Fits(salt, iterations))
            return UseKeys(_knownKeys);
        return _password is not null ? ScramResult.KeysNeeded : DoesNotFit();
    }

    /// <summary>The keys that the server's challenge asks for. Blocks, in proportion to its iteration count; any
    /// thread, after <see cref="ScramResult.KeysNeeded"/>: what it reads does not change any more.</summary>
    public ScramKeys DeriveKeys() =>
        _password is null || _salt.Length == 0
            ? throw new InvalidOperationException("no challenge, or no password to answer it with")
            : ScramKeys.FromPassword(Encoding.UTF8.GetBytes(_password), _salt, _iterations);

    /// <summary>Answers the challenge.</summary>
    public ScramResult UseKeys(ScramKeys keys)
    {
        if (_state != State.Keys || !keys.Fits(_salt, _iterations))
            throw new InvalidOperationException("no challenge, or keys of another one");
        _candidate = keys;
        Respond(_serverFirst, _serverNonce);
        return ScramResult.Continue;
    }

    /// <summary>Takes the body of AuthenticationSASLFinal after its int32 12; checks the server's signature.</summary>
    public ScramResult ServerFinal(ReadOnlySpan<byte> data)
    {
        _output = [];
        if (_state != State.ServerFinal || _candidate is null)
            return Fail("unexpected end of SASL exchange");
        if (data.Length > ScramText.MaximumMessage)
            return Malformed("it is too long");
        _state = State.Done;
        var rest = data;
        if (ScramText.TryTakeAttribute(ref rest, (byte)'e', out var error))
            return Fail($"error received from server in SCRAM exchange: {ScramText.Sanitize(error)}", "28P01");
        if (
            !ScramText.TryTakeAttribute(ref rest, (byte)'v', out var signatureText)
            || !ScramText.TryDecode(signatureText, ScramVerifier.KeyLength, out var signature)
            || signature.Length != ScramVerifier.KeyLength
            || rest.Length > 0
        )
            return Malformed("the server signature is missing or malformed");
        var expected = ScramProof.ServerSignature(_candidate.Verifier.ServerKey, _authMessage);
        if (!CryptographicOperations.FixedTimeEquals(signature, expected))
            return Fail("incorrect server signature: the server does not know this user's verifier", "28000");
        Keys = _candidate;
        return ScramResult.Success;
    }

    private void UseMechanism(string mechanism, string bindingHeader)
    {
        Mechanism = mechanism;
        _bindingHeader = Encoding.ASCII.GetBytes(bindingHeader);
    }

    private void Respond(ReadOnlySpan<byte> serverFirst, ReadOnlySpan<byte> nonce)
    {
        var hash = _bindingHeader[0] == 'p' ? _certificateHash : [];
        byte[] binding = [.. _bindingHeader, .. hash];
        byte[] withoutProof =
        [
            .. Encoding.ASCII.GetBytes("c=" + Convert.ToBase64String(binding)),
            .. ",r="u8,
            .. nonce,
        ];
        _authMessage = ScramProof.AuthMessage(_clientFirstBare, serverFirst, withoutProof);
        var proof = ScramProof.Mask(_candidate!.ClientKey, _candidate.Verifier.StoredKey, _authMessage);
        _output = [.. withoutProof, .. ",p="u8, .. Encoding.ASCII.GetBytes(Convert.ToBase64String(proof))];
        _state = State.ServerFinal;
    }

    private ScramResult DoesNotFit()
    {
        _state = State.Done;
        return ScramResult.SecretDoesNotFit;
    }

    private ScramResult Malformed(string what) => Fail($"malformed SCRAM message from the server: {what}");

    private ScramResult Fail(string message, string sqlState = "08P01")
    {
        _state = State.Done;
        Error = new(sqlState, message);
        return ScramResult.ProtocolViolation;
    }
}
