namespace Freshet.Server.Feed;

/// <summary>What kind of end a feed's connection came to; decides when it is tried again.</summary>
internal enum FeedFailure
{
    /// <summary>The connection broke, or the server is not there: tried again soon.</summary>
    Lost,

    /// <summary>The server answered with an error: tried again soon.</summary>
    Refused,

    /// <summary>What the server sent makes no sense: tried again soon, on a new connection.</summary>
    ProtocolViolation,

    /// <summary>A setting or a right is missing; <see cref="FeedException.Repair"/> tells what helps. Tried again
    /// slowly.</summary>
    Unavailable,
}

/// <summary>Why a feed ended. The message is a sentence for logs and status pages and holds no secret.</summary>
internal sealed class FeedException : Exception
{
    public FeedException(FeedFailure failure, string message, string? sqlState = null, string? repair = null)
        : base(message)
    {
        Failure = failure;
        SqlState = sqlState;
        Repair = repair;
    }

    public FeedException(FeedFailure failure, string message, Exception inner) : base(message, inner) =>
        Failure = failure;

    public FeedFailure Failure { get; }

    /// <summary>Of the server's error, where it sent one.</summary>
    public string? SqlState { get; }

    /// <summary>The SQL that repairs it; null: none is known.</summary>
    public string? Repair { get; }

    public static FeedException Violation(string what) =>
        new(FeedFailure.ProtocolViolation, $"protocol violation by the server: {what}");
}
