namespace Freshet.Server.Demo.Traffic;

/// <summary>A visit failed: the server said so, or the connection broke.</summary>
internal sealed class TrafficException : Exception
{
    public TrafficException(string sqlState, string message) : base(message) => SqlState = sqlState;

    public TrafficException(string sqlState, string message, Exception inner) : base(message, inner) =>
        SqlState = sqlState;

    /// <summary>The server's, or 08006 (connection failure) when the connection broke.</summary>
    public string SqlState { get; }
}
