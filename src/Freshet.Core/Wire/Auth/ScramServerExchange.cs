using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;

namespace Freshet.Core.Wire.Auth;

/// <summary>
/// The server's side of one SCRAM-SHA-256 login (RFC 5802, RFC 7677), with PostgreSQL's checks and messages.
/// </summary>
/// <remarks>
/// States: waiting for client-first → waiting for client-final → done. <see cref="Start"/> takes the first password
/// message, <see cref="Respond"/> each later one; any call after the end is a protocol violation. One login on one
/// thread.
/// A <see cref="ScramVerifier.IsMock"/> verifier goes through the same steps and always ends in
/// <see cref="ScramResult.WrongPassword"/>.
/// </remarks>
internal sealed class ScramServerExchange
{
    private enum State { ClientFirst, ClientFinal, Done }

    private readonly ScramVerifier _verifier;
    private readonly byte[] _certificateHash;
    private readonly string _ourNonce;
    private State _state = State.ClientFirst;
    private bool _started;
    private bool _channelBinding;
    private byte _channelBindingFlag;
    private byte[] _clientFirstBare = [];
    private byte[] _serverFirst = [];
    private byte[] _nonce = [];
    private byte[] _output = [];

    /// <param name="verifier">The user's, or a mock one.</param>
    /// <param name="certificateHash">Hash of our certificate as <c>tls-server-end-point</c> (RFC 5929) wants it; empty
    /// without TLS: then SCRAM-SHA-256-PLUS is neither offered nor taken.</param>
    public ScramServerExchange(ScramVerifier verifier, ReadOnlySpan<byte> certificateHash)
        : this(verifier, certificateHash,
            Convert.ToBase64String(RandomNumberGenerator.GetBytes(ScramText.NonceLength)))
    {
    }

    /// <summary>For the tests, which need a known nonce.</summary>
    internal ScramServerExchange(ScramVerifier verifier, ReadOnlySpan<byte> certificateHash, string nonce)
    {
        _verifier = verifier;
        _certificateHash = certificateHash.ToArray();
        _ourNonce = nonce;
    }

    /// <summary>Data for AuthenticationSASLContinue (after Continue) or AuthenticationSASLFinal (after Success).
    /// </summary>
    public ReadOnlySpan<byte> Output => _output;

    /// <summary>Set with <see cref="ScramResult.ProtocolViolation"/>.</summary>
    public ScramError? Error { get; private set; }

    /// <summary>After success: the client's keys, recovered from its proof, good for a server with the same
    /// verifier.</summary>
    public ScramKeys? Keys { get; private set; }

    /// <summary>The mechanisms in the form that AuthenticationSASL carries after its int32 10.</summary>
    public static ReadOnlySpan<byte> MechanismList(bool channelBinding) =>
        channelBinding ? "SCRAM-SHA-256-PLUS\0SCRAM-SHA-256\0\0"u8 : "SCRAM-SHA-256\0\0"u8;

    /// <summary>Takes the body of SASLInitialResponse: mechanism, zero byte, int32 length (-1: none), data.</summary>
    public ScramResult Start(ReadOnlySpan<byte> saslInitialResponse)
    {
        _output = [];
        if (_started) return Fail("unexpected SASL initial response");
        _started = true;
        var end = saslInitialResponse.IndexOf((byte)0);
        if (end < 0 || saslInitialResponse.Length - end - 1 < 4)
            return Fail("invalid message format", "The SASL initial response is shorter than its fixed part.");
        var mechanism = saslInitialResponse[..end];
        var length = BinaryPrimitives.ReadInt32BigEndian(saslInitialResponse[(end + 1)..]);
        var data = saslInitialResponse[(end + 5)..];
        if (length != (length == -1 ? -1 : data.Length) || (length == -1 && data.Length > 0))
            return Fail("invalid message format", "The length of the SASL initial response does not match.");
        if (mechanism.SequenceEqual("SCRAM-SHA-256-PLUS"u8) && _certificateHash.Length > 0) _channelBinding = true;
        else if (!mechanism.SequenceEqual("SCRAM-SHA-256"u8))
            return Fail("client selected an invalid SASL authentication mechanism");
        // RFC 4422: a client may send its first message only after an empty challenge.
        return length == -1 ? ScramResult.Continue : ClientFirst(data);
    }

    /// <summary>Takes the body of a SASLResponse.</summary>
    public ScramResult Respond(ReadOnlySpan<byte> saslResponse)
    {
        _output = [];
        if (!_started) return Fail("expected SASL initial response");
        return _state switch
        {
            State.ClientFirst => ClientFirst(saslResponse),
            State.ClientFinal => ClientFinal(saslResponse),
            _ => Fail("unexpected SASL response", "The exchange is over."),
        };
    }

    private ScramResult ClientFirst(ReadOnlySpan<byte> message)
    {
        if (!CheckLength(message)) return ScramResult.ProtocolViolation;
        _channelBindingFlag = message[0];
        if (CheckChannelBindingFlag(message, out var rest) is { } failure) return failure;
        if (rest.Length == 0 || rest[0] != ',') return Malformed("Comma expected after the channel-binding flag.");
        rest = rest[1..];
        if (rest.Length > 0 && rest[0] == 'a')
            return Fail("client uses authorization identity, but it is not supported", null, "0A000");
        if (rest.Length == 0 || rest[0] != ',') return Malformed("Unexpected attribute in client-first-message.");
        var bare = rest[1..];
        if (bare.Length > 0 && bare[0] == 'm')
            return Fail("client requires an unsupported SCRAM extension", null, "0A000");
        rest = bare;
        // PostgreSQL ignores the name in here: the startup packet's counts.
        if (!ScramText.TryTakeAttribute(ref rest, (byte)'n', out _)) return Malformed("User name expected.");
        if (!ScramText.TryTakeAttribute(ref rest, (byte)'r', out var clientNonce)) return Malformed("Nonce expected.");
        if (!ScramText.IsPrintable(clientNonce)) return Fail("non-printable characters in SCRAM nonce");
        while (rest.Length > 0)
        {
            if (!ScramText.TryTakeAnyAttribute(ref rest, out _, out _)) return Malformed("Attribute expected.");
        }

        _clientFirstBare = bare.ToArray();
        _nonce = [.. clientNonce, .. Encoding.ASCII.GetBytes(_ourNonce)];
        _serverFirst =
        [
            .. "r="u8, .. _nonce,
            .. Encoding.ASCII.GetBytes($",s={Convert.ToBase64String(_verifier.Salt)},i={_verifier.Iterations}"),
        ];
        _output = _serverFirst;
        _state = State.ClientFinal;
        return ScramResult.Continue;
    }

    /// <summary>RFC 5802, section 6: 'p' with PLUS and only with it; 'y' is a client that can bind but was told that we
    /// cannot, which over TLS means that somebody took PLUS out of our list.</summary>
    private ScramResult? CheckChannelBindingFlag(ReadOnlySpan<byte> message, out ReadOnlySpan<byte> rest)
    {
        rest = message[1..];
        switch (message[0])
        {
            case (byte)'n' or (byte)'y' when _channelBinding:
                return Malformed("The client selected SCRAM-SHA-256-PLUS, but the SCRAM message does not include "
                    + "channel binding data.");
            case (byte)'n':
                return null;
            case (byte)'y' when _certificateHash.Length > 0:
                return Fail("SCRAM channel binding negotiation error",
                    "The client supports SCRAM channel binding but thinks the server does not.  However, this server "
                    + "does support channel binding.", "28000");
            case (byte)'y':
                return null;
            case (byte)'p' when !_channelBinding:
                return Malformed("The client selected SCRAM-SHA-256 without channel binding, but the SCRAM message "
                    + "includes channel binding data.");
            case (byte)'p':
                var comma = message.IndexOf((byte)',');
                var flag = comma < 0 ? message : message[..comma];
                rest = message[flag.Length..];
                if (flag.SequenceEqual("p=tls-server-end-point"u8)) return null;
                var type = ScramText.Sanitize(flag[Math.Min(2, flag.Length)..]);
                return Fail($"unsupported SCRAM channel-binding type \"{type}\"");
            default:
                return Malformed($"Unexpected channel-binding flag \"{ScramText.Sanitize(message[..1])}\".");
        }
    }

    private ScramResult ClientFinal(ReadOnlySpan<byte> message)
    {
        if (!CheckLength(message)) return ScramResult.ProtocolViolation;
        var rest = message;
        if (!ScramText.TryTakeAttribute(ref rest, (byte)'c', out var binding))
            return Malformed("Channel-binding attribute expected.");
        if (CheckBinding(binding) is { } failure) return failure;
        if (!ScramText.TryTakeAttribute(ref rest, (byte)'r', out var nonce)) return Malformed("Nonce expected.");
        byte name;
        ReadOnlySpan<byte> proofText;
        int withoutProof;
        do
        {
            withoutProof = message.Length - rest.Length - 1;
            if (!ScramText.TryTakeAnyAttribute(ref rest, out name, out proofText))
                return Malformed("Proof expected in client-final-message.");
        }
        while (name != 'p');
        if (rest.Length > 0 || message[^1] == ',')
            return Malformed("Garbage found at the end of client-final-message.");
        if (!ScramText.TryDecode(proofText, ScramVerifier.KeyLength, out var proof)
            || proof.Length != ScramVerifier.KeyLength) return Malformed("Malformed proof in client-final-message.");
        if (!CryptographicOperations.FixedTimeEquals(nonce, _nonce))
            return Fail("invalid SCRAM response", "Nonce does not match.");
        _state = State.Done;
        return Verify(proof, message[..withoutProof]);
    }

    private ScramResult? CheckBinding(ReadOnlySpan<byte> binding)
    {
        if (!_channelBinding)
        {
            // base64 of "n,," and "y,,": the header that the client sent first, which this repeats under the proof.
            var expected = _channelBindingFlag == 'n' ? "biws"u8 : "eSws"u8;
            return binding.SequenceEqual(expected)
                ? null
                : Fail("unexpected SCRAM channel-binding attribute in client-final-message");
        }

        byte[] data = [.. "p=tls-server-end-point,,"u8, .. _certificateHash];
        return CryptographicOperations.FixedTimeEquals(binding, Encoding.ASCII.GetBytes(Convert.ToBase64String(data)))
            ? null
            : Fail("SCRAM channel binding check failed", null, "28000");
    }

    private ScramResult Verify(ReadOnlySpan<byte> proof, ReadOnlySpan<byte> clientFinalWithoutProof)
    {
        var authMessage = ScramProof.AuthMessage(_clientFirstBare, _serverFirst, clientFinalWithoutProof);
        var clientKey = ScramProof.Mask(proof, _verifier.StoredKey, authMessage);
        var matches = CryptographicOperations.FixedTimeEquals(SHA256.HashData(clientKey), _verifier.StoredKey);
        if (!matches || _verifier.IsMock) return ScramResult.WrongPassword;
        var signature = ScramProof.ServerSignature(_verifier.ServerKey, authMessage);
        _output = Encoding.ASCII.GetBytes("v=" + Convert.ToBase64String(signature));
        Keys = new(_verifier, clientKey);
        return ScramResult.Success;
    }

    private bool CheckLength(ReadOnlySpan<byte> message)
    {
        if (message.Length == 0) Malformed("The message is empty.");
        else if (message.Length > ScramText.MaximumMessage)
            Malformed($"The message has {message.Length} bytes, more than {ScramText.MaximumMessage}.");
        else if (message.Contains((byte)0)) Malformed("Message length does not match input length.");
        else return true;
        return false;
    }

    private ScramResult Malformed(string detail) => Fail("malformed SCRAM message", detail);

    private ScramResult Fail(string message, string? detail = null, string sqlState = "08P01")
    {
        _state = State.Done;
        _started = true;
        Error = new(sqlState, message, detail);
        return ScramResult.ProtocolViolation;
    }
}
