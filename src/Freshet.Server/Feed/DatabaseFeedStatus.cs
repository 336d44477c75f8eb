namespace Freshet.Server.Feed;

/// <summary>The feed of one database, for health and metrics.</summary>
/// <param name="Target">Host and port.</param>
/// <param name="Database">The database's name on the server.</param>
/// <param name="Status">How it is.</param>
internal sealed record DatabaseFeedStatus(string Target, string Database, FeedStatus Status);
