using Freshet.Core.Wire.Auth;

namespace Freshet.Server.Proxy.Clients;

/// <summary>Where an authentication stands: going on, done, or refused with an ErrorResponse.</summary>
/// <param name="Done">The client is who it says.</param>
/// <param name="Error">Refused: what to tell the client.</param>
/// <param name="Keys">From SCRAM against a stored verifier: they log in to the server as well.</param>
internal readonly record struct AuthenticationVerdict(bool Done, byte[]? Error, ScramKeys? Keys)
{
    public static AuthenticationVerdict GoesOn => default;

    public static AuthenticationVerdict Accepted(ScramKeys? keys = null) => new(true, null, keys);

    public static AuthenticationVerdict Refused(byte[] error) => new(false, error, null);
}
