using Freshet.Core.Wire;

namespace Freshet.Server.Proxy.Relay;

/// <summary>Which messages of a server belong to which request (PostgreSQL manual, "Message Flow"). What belongs to
/// none must not be passed on: whoever holds the connection then is not the one it was meant for.</summary>
internal static class AnswerRules
{
    /// <summary>Whether the message may come now. ReadyForQuery and the three Complete messages are checked where they
    /// are counted.</summary>
    public static bool IsDue(byte type, ExpectedQueue expected) =>
        type
            is BackendMessage.ErrorResponse
                or BackendMessage.NoticeResponse
                or BackendMessage.NotificationResponse
                or BackendMessage.ParameterStatus
                or BackendMessage.ReadyForQuery
        || (expected.Count > 0 && Fits(type, expected.Front.Kind));

    private static bool Fits(byte type, ExpectedKind asked) =>
        asked switch
        {
            ExpectedKind.Query => type == BackendMessage.RowDescription || IsResult(type),
            ExpectedKind.Execute => type == BackendMessage.PortalSuspended || IsResult(type),
            ExpectedKind.FunctionCall => type == BackendMessage.FunctionCallResponse,
            ExpectedKind.DescribeStatement or ExpectedKind.DescribePortal =>
                type is BackendMessage.ParameterDescription or BackendMessage.RowDescription or BackendMessage.NoData,
            ExpectedKind.Parse => type == BackendMessage.ParseComplete,
            ExpectedKind.Bind => type == BackendMessage.BindComplete,
            ExpectedKind.Close => type == BackendMessage.CloseComplete,
            _ => false,
        };

    private static bool IsResult(byte type) =>
        type
            is BackendMessage.DataRow
                or BackendMessage.CommandComplete
                or BackendMessage.EmptyQueryResponse
                or BackendMessage.CopyInResponse
                or BackendMessage.CopyOutResponse
                or BackendMessage.CopyBothResponse
                or BackendMessage.CopyData
                or BackendMessage.CopyDone;
}
