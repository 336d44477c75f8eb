using Freshet.Core.Wire;
using Freshet.Core.Wire.Auth;

namespace Freshet.Server.Feed;

/// <summary>The SASL messages of one login.</summary>
internal sealed class ScramLogin(ScramSecret secret)
{
    private readonly ScramClientExchange _exchange = secret.Begin();

    /// <summary>What to send; null after the server's last word.</summary>
    public byte[]? Answer(int request, ReadOnlySpan<byte> data)
    {
        ScramResult result = request switch
        {
            10 => _exchange.Start(data),
            11 => ScramSecret.Answer(_exchange, data),
            _ => secret.End(_exchange, data),
        };
        if (result == ScramResult.Success)
        {
            return null;
        }

        if (result != ScramResult.Continue)
        {
            throw new FeedException(
                "SCRAM with the server: " + (_exchange.Error?.Message ?? result.ToString()), isPermanent: true);
        }

        MessageWriter answer = new MessageWriter().Begin(FrontendMessage.Password);
        if (request == 10)
        {
            answer.CString(_exchange.Mechanism).Int32(_exchange.Output.Length);
        }

        return answer.Bytes(_exchange.Output).End().ToArray();
    }

}
