namespace Freshet.Server.Feed;

/// <summary>How long to wait before the next attempt: doubled with each failure, begun anew after a stream that ran,
/// with up to a quarter of jitter so that several feeds do not come together. Belongs to the feed's thread.</summary>
internal sealed class RetryDelay(FeedOptions options)
{
    private TimeSpan _next = options.RetryDelay;
    private long _connects;

    /// <param name="isUnavailable">Something is missing that somebody has to repair.</param>
    /// <param name="connects">Streams begun so far.</param>
    public TimeSpan After(bool isUnavailable, long connects)
    {
        if (connects != _connects)
        {
            _connects = connects;
            _next = options.RetryDelay;
        }

        TimeSpan delay = isUnavailable ? options.UnavailableDelay : _next;
        if (!isUnavailable)
        {
            _next = _next * 2 < options.MostRetryDelay ? _next * 2 : options.MostRetryDelay;
        }

        return delay * (1 - (Random.Shared.NextDouble() / 4));
    }
}
