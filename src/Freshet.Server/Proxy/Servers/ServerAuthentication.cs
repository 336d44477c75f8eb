using System.Buffers.Binary;
using System.Text;
using Freshet.Core.Wire;
using Freshet.Core.Wire.Auth;

namespace Freshet.Server.Proxy.Servers;

/// <summary>Answers a server's Authentication requests with the pool's credentials: a clear password, an md5 hash, or
/// the SCRAM keys that a client's own login revealed.</summary>
/// <param name="server">Whose login it is.</param>
/// <param name="goOn">Called on the loop when a derivation is over and <see cref="IsDeriving"/> is false again, with
/// null or why the login cannot go on.</param>
internal sealed class ServerAuthentication(ServerConnection server, Action<string?> goOn)
{
    private const int Ok = 0,
        ClearText = 3,
        Md5 = 5,
        Sasl = 10,
        SaslContinue = 11,
        SaslFinal = 12;

    private ScramClientExchange? _scram;
    private bool _scramDone;

    public bool Succeeded { get; private set; }

    /// <summary>The SCRAM keys are being derived, on another thread; the server has to wait until then.</summary>
    public bool IsDeriving { get; private set; }

    /// <summary>The server has asked for a proof, or needs none.</summary>
    public bool WasAsked { get; private set; }

    /// <summary>Null, or why the login cannot go on.</summary>
    public string? OnRequest(ReadOnlySpan<byte> body)
    {
        WasAsked = true;
        if (!BinaryPrimitives.TryReadInt32BigEndian(body, out int request))
        {
            return "protocol violation by the server: an empty authentication request";
        }

        ReadOnlySpan<byte> data = body[4..];
        switch (request)
        {
            case Ok when _scram is not null && !_scramDone:
                return "the server ended SCRAM without proving that it knows the password";
            case Ok:
                Succeeded = true;
                return null;
            case ClearText:
                return Secret is { } clear && IsClear(clear)
                    ? Answer(Encoding.UTF8.GetBytes(clear))
                    : NoSecret("password");
            case Md5 when data.Length == 4:
                return AnswerMd5(data);
            case Sasl or SaslContinue or SaslFinal:
                return OnSasl(request, data);
            default:
                return $"the server asks for authentication method {request}, which is not supported";
        }
    }

    private string? Secret => server.Pool.ServerSecret;

    private static bool IsClear(string secret) => !Md5Password.IsHash(secret) && !ScramVerifier.TryParse(secret, out _);

    private string? AnswerMd5(ReadOnlySpan<byte> salt)
    {
        if (Secret is not { } secret || ScramVerifier.TryParse(secret, out _))
        {
            return NoSecret("md5");
        }

        string hash = Md5Password.IsHash(secret) ? secret : Md5Password.Hash(server.Pool.ServerUser, secret);
        return Answer(Encoding.ASCII.GetBytes(Md5Password.Answer(hash, salt)));
    }

    private string? OnSasl(int request, ReadOnlySpan<byte> data)
    {
        ScramResult result;
        switch (request)
        {
            case Sasl when _scram is null:
                string? clear = Secret is { } secret && IsClear(secret) ? secret : null;
                if (clear is null && server.Pool.ScramKeys is null)
                {
                    return NoSecret("SCRAM-SHA-256");
                }

                _scram = new ScramClientExchange(
                    clear,
                    server.Pool.ScramKeys,
                    server.Transport!.Tls?.ChannelBindingData ?? []
                );
                result = _scram.Start(data);
                break;
            case SaslContinue when _scram is not null:
                result = _scram.ServerFirst(data);
                break;
            case SaslFinal when _scram is not null:
                result = _scram.ServerFinal(data);
                break;
            default:
                return "protocol violation by the server: SASL messages out of order";
        }

        if (result == ScramResult.Success)
        {
            _scramDone = true;

            // The next login needs no key derivation.
            server.Pool.ScramKeys = _scram.Keys ?? server.Pool.ScramKeys;
            return null;
        }

        if (result == ScramResult.KeysNeeded)
        {
            IsDeriving = true;
            server.Pool.KeyDerivation.Begin(_scram, server.Loop, OnKeys);
            return null;
        }

        if (result != ScramResult.Continue)
        {
            return result == ScramResult.SecretDoesNotFit
                ? NoSecret("SCRAM-SHA-256")
                : "SCRAM with the server: " + (_scram.Error?.Message ?? result.ToString());
        }

        return SendScram(_scram, named: request == Sasl);
    }

    private void OnKeys(ScramKeys keys)
    {
        IsDeriving = false;
        if (server.State == ServerState.Login)
        {
            _scram!.UseKeys(keys);
            goOn(SendScram(_scram, named: false));
        }
    }

    private string? SendScram(ScramClientExchange scram, bool named)
    {
        MessageWriter answer = new MessageWriter().Begin(FrontendMessage.Password);
        if (named)
        {
            answer.CString(scram.Mechanism).Int32(scram.Output.Length);
        }

        return Send(answer.Bytes(scram.Output).End());
    }

    private string? Answer(ReadOnlySpan<byte> secret) =>
        Send(new MessageWriter().Begin(FrontendMessage.Password).CString(secret).End());

    private string? Send(MessageWriter message) =>
        server.Transport!.Send(message.Written) ? null : "cannot send to the server: " + server.Transport.Failure;

    private string NoSecret(string method) =>
        $"the server asks user \"{server.Pool.ServerUser}\" for {method}, and Freshet has no secret that answers it: "
        + "give the database a password, or the user a clear-text password or the server's own SCRAM verifier";
}
