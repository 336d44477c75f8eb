using System.Buffers.Binary;
using System.Globalization;
using System.Text;
using Freshet.Core.Wire;
using Freshet.Core.Wire.Auth;

namespace Freshet.Server.Feed.Connection;

/// <summary>One login, on one thread: start-up packet, password, md5 or SCRAM, until the server is ready.</summary>
internal sealed class BackendLogin(BackendConnection connection, FeedServer server, byte[] channelBinding)
{
    private ScramClientExchange? _scram;
    private bool _scramDone;

    public void Run(IReadOnlyDictionary<string, string> parameters)
    {
        MessageWriter startup = new MessageWriter().BeginUntyped().Int32(ProtocolVersion.Version30)
            .CString("user").CString(server.User)
            .CString("database").CString(server.Database)
            .CString("client_encoding").CString("UTF8");
        foreach (var (name, value) in parameters)
        {
            startup.CString(name).CString(value);
        }

        connection.Send(startup.Byte(0).End());
        bool isAuthenticated = false;
        while (true)
        {
            BackendFrame frame = connection.Read();
            switch (frame.Type)
            {
                case BackendMessage.Authentication when !isAuthenticated:
                    isAuthenticated = OnRequest(frame.Body);
                    break;
                case BackendMessage.ErrorResponse:
                    throw Refusal(frame);
                case BackendMessage.ParameterStatus when isAuthenticated:
                    OnParameter(frame.Body);
                    break;
                case BackendMessage.NoticeResponse:
                case BackendMessage.BackendKeyData when isAuthenticated:
                    break;
                case BackendMessage.ReadyForQuery when isAuthenticated:
                    return;
                default:
                    throw FeedException.Violation($"message type {frame.Type} during the login");
            }
        }
    }

    /// <summary>True when the server has let us in.</summary>
    private bool OnRequest(ReadOnlySpan<byte> body)
    {
        if (!BinaryPrimitives.TryReadInt32BigEndian(body, out int request))
        {
            throw FeedException.Violation("an empty authentication request");
        }

        ReadOnlySpan<byte> data = body[4..];
        switch (request)
        {
            case 0 when _scram is not null && !_scramDone:
                throw FeedException.Violation("it ended SCRAM without proving that it knows the password");
            case 0:
                return true;
            case 3:
                Answer(Encoding.UTF8.GetBytes(Password("password")));
                return false;
            case 5 when data.Length == 4:
                string hash = Md5Password.IsHash(Password("md5"))
                    ? Password("md5")
                    : Md5Password.Hash(server.User, Password("md5"));
                Answer(Encoding.ASCII.GetBytes(Md5Password.Answer(hash, data)));
                return false;
            case 10 or 11 or 12:
                OnSasl(request, data);
                return false;
            default:
                throw new FeedException(
                    FeedFailure.Refused,
                    $"the server asks for authentication method {request}, which is not supported");
        }
    }

    private void OnSasl(int request, ReadOnlySpan<byte> data)
    {
        ScramResult result;
        switch (request)
        {
            case 10 when _scram is null:
                _scram = new ScramClientExchange(Password("SCRAM-SHA-256"), keys: null, channelBinding);
                result = _scram.Start(data);
                break;
            case 11 when _scram is not null:
                result = _scram.ServerFirst(data);
                if (result == ScramResult.KeysNeeded)
                {
                    result = _scram.UseKeys(_scram.DeriveKeys());
                }

                break;
            case 12 when _scram is not null:
                result = _scram.ServerFinal(data);
                break;
            default:
                throw FeedException.Violation("SASL messages out of order");
        }

        if (result == ScramResult.Success)
        {
            _scramDone = true;
            return;
        }

        if (result != ScramResult.Continue)
        {
            throw new FeedException(
                FeedFailure.Refused, "SCRAM with the server: " + (_scram.Error?.Message ?? result.ToString()),
                _scram.Error?.SqlState);
        }

        MessageWriter answer = new MessageWriter().Begin(FrontendMessage.Password);
        if (request == 10)
        {
            answer.CString(_scram.Mechanism).Int32(_scram.Output.Length);
        }

        connection.Send(answer.Bytes(_scram.Output).End());
    }

    private void Answer(ReadOnlySpan<byte> secret) =>
        connection.Send(new MessageWriter().Begin(FrontendMessage.Password).CString(secret).End());

    private string Password(string method) =>
        server.Password is { Length: > 0 } password
            ? password
            : throw new FeedException(
                FeedFailure.Refused, $"the server asks user \"{server.User}\" for {method}, and no password is set");

    private void OnParameter(ReadOnlySpan<byte> body)
    {
        var reader = new MessageReader(body);
        if (reader.TryText(out string name) && reader.TryText(out string value) && name is "server_version")
        {
            connection.ServerVersionNumber = VersionNumber(value);
        }
    }

    /// <summary>"15.19 (Debian …)" → 150019; betas and 0 for what is not understood.</summary>
    internal static int VersionNumber(string version)
    {
        ReadOnlySpan<char> rest = version;
        int major = TakeNumber(ref rest);
        int minor = rest.StartsWith('.') ? TakeNumber(ref rest, skip: 1) : 0;
        return major * 10_000 + minor;
    }

    private static int TakeNumber(ref ReadOnlySpan<char> rest, int skip = 0)
    {
        rest = rest[skip..];
        int end = rest.IndexOfAnyExceptInRange('0', '9');
        ReadOnlySpan<char> digits = end < 0 ? rest : rest[..end];
        rest = rest[digits.Length..];
        return digits.Length <= 4
            && int.TryParse(digits, NumberStyles.None, CultureInfo.InvariantCulture, out int number) ? number : 0;
    }

    private FeedException Refusal(in BackendFrame frame)
    {
        FeedException refusal = BackendConnection.Refusal(frame);
        return new FeedException(
            FeedFailure.Refused, $"{server.Target} refuses the login: {refusal.Message}", refusal.SqlState);
    }
}
