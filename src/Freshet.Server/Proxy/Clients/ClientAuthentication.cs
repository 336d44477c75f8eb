using System.Security.Cryptography;
using Freshet.Core.Wire;
using Freshet.Core.Wire.Auth;
using Freshet.Server.Proxy.Settings;

namespace Freshet.Server.Proxy.Clients;

/// <summary>Asks a client for proof by the configured method. A user that does not exist goes through the same
/// exchange and fails at its end, so that names cannot be probed.</summary>
internal sealed class ClientAuthentication(ClientSession client, string user)
{
    private const int ClearText = 3, Md5 = 5, Sasl = 10, SaslContinue = 11, SaslFinal = 12;

    private readonly byte[] _salt = RandomNumberGenerator.GetBytes(4);
    private AuthMethod _method = client.Proxy.Snapshot.Auth;
    private ScramServerExchange? _scram;
    private bool _scramStarted;

    private string? Secret => client.Proxy.Users.Find(user)?.Secret;

    private byte[] CertificateHash => client.Transport.Tls?.ChannelBindingData ?? [];

    public AuthenticationVerdict Begin()
    {
        if (_method == AuthMethod.Md5 && client.Proxy.Users.AsksForScram(user))
        {
            _method = AuthMethod.Scram;
        }

        switch (_method)
        {
            case AuthMethod.Trust when client.Proxy.Users.Find(user) is null:
                return AuthenticationVerdict.Refused(ClientErrors.UnknownUser(user));
            case AuthMethod.Trust:
                return AuthenticationVerdict.Accepted();
            case AuthMethod.Cert:
                string? name = client.Transport.Tls?.PeerCommonName;
                if (!string.Equals(name, user, StringComparison.Ordinal))
                {
                    return AuthenticationVerdict.Refused(ClientErrors.CertificateRequired(user, name));
                }

                return client.Proxy.Users.Find(user) is null
                    ? AuthenticationVerdict.Refused(ClientErrors.UnknownUser(user))
                    : AuthenticationVerdict.Accepted();
            case AuthMethod.Md5:
                Ask(writer => writer.Int32(Md5).Bytes(_salt));
                break;
            case AuthMethod.Password:
                Ask(writer => writer.Int32(ClearText));
                break;
            default:
                _scram = new ScramServerExchange(client.Proxy.Users.Verifier(user), CertificateHash);
                Ask(writer => writer.Int32(Sasl).Bytes(ScramServerExchange.MechanismList(CertificateHash.Length > 0)));
                break;
        }

        return AuthenticationVerdict.GoesOn;
    }

    public AuthenticationVerdict OnMessage(ReadOnlySpan<byte> body)
    {
        if (_scram is not null)
        {
            return OnScram(_scram, body);
        }

        if (body.IsEmpty || body[^1] != 0)
        {
            return AuthenticationVerdict.Refused(ClientErrors.Protocol("invalid password packet"));
        }

        ReadOnlySpan<byte> answer = body[..^1];
        bool right = Secret is { } secret && (_method == AuthMethod.Md5
            ? Md5Password.Verify(Md5Password.IsHash(secret) ? secret : Md5Password.Hash(user, secret), _salt, answer)
            : ClearPassword.Verify(secret, user, answer));
        return right
            ? AuthenticationVerdict.Accepted()
            : AuthenticationVerdict.Refused(ClientErrors.LoginFailed(user));
    }

    private AuthenticationVerdict OnScram(ScramServerExchange scram, ReadOnlySpan<byte> body)
    {
        ScramResult result = _scramStarted ? scram.Respond(body) : scram.Start(body);
        _scramStarted = true;
        switch (result)
        {
            case ScramResult.Continue:
                SendOutput(SaslContinue, scram.Output);
                return AuthenticationVerdict.GoesOn;
            case ScramResult.Success:
                SendOutput(SaslFinal, scram.Output);
                return AuthenticationVerdict.Accepted(scram.Keys);
            case ScramResult.ProtocolViolation:
                ScramError error = scram.Error!;
                return AuthenticationVerdict.Refused(ClientErrors.Auth(error.SqlState, error.Message));
            default:
                return AuthenticationVerdict.Refused(ClientErrors.LoginFailed(user));
        }
    }

    private void Ask(Action<MessageWriter> request)
    {
        MessageWriter writer = new MessageWriter().Begin(BackendMessage.Authentication);
        request(writer);
        client.Transport.Send(writer.End().Written);
    }

    private void SendOutput(int step, ReadOnlySpan<byte> output) =>
        client.Transport.Send(
            new MessageWriter().Begin(BackendMessage.Authentication).Int32(step).Bytes(output).End().Written);
}
