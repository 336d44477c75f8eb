namespace Freshet.Server.Feed;

/// <summary>Why the stream cannot go on.</summary>
/// <param name="message">One sentence.</param>
/// <param name="isPermanent">Trying again will not help before somebody has changed something at the server.</param>
/// <param name="inner">The cause.</param>
internal sealed class FeedException(string message, bool isPermanent = false, Exception? inner = null)
    : Exception(message, inner)
{
    public bool IsPermanent { get; } = isPermanent;
}
