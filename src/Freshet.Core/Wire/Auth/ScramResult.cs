namespace Freshet.Core.Wire.Auth;

/// <summary>How a step of a SCRAM exchange went.</summary>
internal enum ScramResult
{
    /// <summary>Send the output and wait for the peer.</summary>
    Continue,

    /// <summary>The server's challenge asks for keys that have to be derived from the password first.</summary>
    KeysNeeded,

    /// <summary>The peer has proved that it knows the secret; a server still sends its output.</summary>
    Success,

    /// <summary>The exchange was well formed, but the password is wrong or the user unknown.</summary>
    WrongPassword,

    /// <summary>The peer broke the protocol, or showed no knowledge of the secret where it is the server; see the
    /// exchange's error.</summary>
    ProtocolViolation,

    /// <summary>We hold only keys, and the server's salt or iteration count is another: only the password would
    /// do.</summary>
    SecretDoesNotFit,
}

/// <summary>Why an exchange failed, ready for an ErrorResponse. It never holds secret data.</summary>
internal sealed record ScramError(string SqlState, string Message, string? Detail = null);
