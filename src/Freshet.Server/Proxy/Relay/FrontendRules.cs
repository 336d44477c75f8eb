using Freshet.Core.Wire;

namespace Freshet.Server.Proxy.Relay;

/// <summary>What a client may send after its login, and what answer each message gets.</summary>
internal static class FrontendRules
{
    /// <summary>Null, or what is wrong with a message header. The limits are PostgreSQL's own.</summary>
    public static string? Fault(byte type, int length)
    {
        int most = type switch
        {
            FrontendMessage.Query
            or FrontendMessage.Parse
            or FrontendMessage.Bind
            or FrontendMessage.FunctionCall
            or FrontendMessage.CopyData => WireLimits.LargeMessageBytes,
            FrontendMessage.Close
            or FrontendMessage.Describe
            or FrontendMessage.Execute
            or FrontendMessage.Flush
            or FrontendMessage.Sync
            or FrontendMessage.CopyDone
            or FrontendMessage.CopyFail
            or FrontendMessage.Terminate => WireLimits.SmallMessageBytes,
            _ => -1,
        };
        if (most < 0)
        {
            return $"invalid frontend message type {type}";
        }

        return length < 4 || length > most ? $"invalid message length {length} in message '{(char)type}'" : null;
    }

    /// <summary>Whether an implicit transaction is open once the message was sent; null: as before.</summary>
    public static bool? LeavesBatchOpen(byte type) =>
        type switch
        {
            FrontendMessage.Query or FrontendMessage.FunctionCall or FrontendMessage.Sync => false,
            FrontendMessage.Parse
            or FrontendMessage.Bind
            or FrontendMessage.Describe
            or FrontendMessage.Execute
            or FrontendMessage.Close => true,
            _ => null,
        };

    /// <summary>Whether a Parse, Bind, Describe or Close is about a statement with a name.</summary>
    public static bool NamesStatement(byte type, ReadOnlySpan<byte> message)
    {
        ReadOnlySpan<byte> body = message[WireLimits.HeaderBytes..];
        ReadOnlySpan<byte> name = type switch
        {
            FrontendMessage.Parse => body,
            FrontendMessage.Bind => body[(body.IndexOf((byte)0) + 1)..],
            FrontendMessage.Describe or FrontendMessage.Close when body is [(byte)'S', ..] => body[1..],
            _ => default,
        };
        return name is [not 0, ..];
    }

    /// <summary>The answer that ends what the message asks for; null: none.</summary>
    public static ExpectedKind? Answer(byte type) =>
        type switch
        {
            FrontendMessage.Query => ExpectedKind.Query,
            FrontendMessage.FunctionCall => ExpectedKind.FunctionCall,
            FrontendMessage.Sync => ExpectedKind.Sync,
            FrontendMessage.Parse => ExpectedKind.Parse,
            FrontendMessage.Bind => ExpectedKind.Bind,
            FrontendMessage.Execute => ExpectedKind.Execute,
            FrontendMessage.Close => ExpectedKind.Close,
            _ => null,
        };
}
