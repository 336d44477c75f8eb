using Freshet.Server.Proxy.Settings;

namespace Freshet.Server.Configuration;

/// <summary>The keys of <c>pool</c>, of all databases or of one; null: not set. Meanings and defaults stand at
/// <see cref="PoolSnapshot"/>.</summary>
internal sealed record PoolOptions
{
    public const int MostServers = 10_000;

    // Timers count milliseconds in 32 bits, which ends after 24.8 days.
    public static readonly TimeSpan LongestTime = TimeSpan.FromDays(24);

    public PoolMode? Mode { get; init; }
    public int? Size { get; init; }
    public int? MinSize { get; init; }
    public int? ReserveSize { get; init; }
    public TimeSpan? ReserveTimeout { get; init; }
    public TimeSpan? WaitTimeout { get; init; }
    public TimeSpan? ServerLifetime { get; init; }
    public TimeSpan? ServerIdleTimeout { get; init; }
    public TimeSpan? ServerConnectTimeout { get; init; }
    public TimeSpan? ServerLoginRetry { get; init; }
    public TimeSpan? ServerCheckDelay { get; init; }
    public string? ServerCheckQuery { get; init; }
    public string? ServerResetQuery { get; init; }
    public int? MaxPreparedStatements { get; init; }
    public TimeSpan? IdleTransactionTimeout { get; init; }
    public TimeSpan? QueryTimeout { get; init; }

    public static PoolOptions Read(SettingSection section)
    {
        var options = new PoolOptions
        {
            Mode = section.Choice<PoolMode>("mode"),
            Size = section.Integer("size", 1, MostServers),
            MinSize = section.Integer("minSize", 0, MostServers),
            ReserveSize = section.Integer("reserveSize", 0, MostServers),
            ReserveTimeout = section.Time("reserveTimeout", TimeSpan.Zero, LongestTime),
            WaitTimeout = section.Time("waitTimeout", TimeSpan.Zero, LongestTime),
            ServerLifetime = section.Time("serverLifetime", TimeSpan.Zero, LongestTime),
            ServerIdleTimeout = section.Time("serverIdleTimeout", TimeSpan.Zero, LongestTime),
            ServerConnectTimeout = section.Time("serverConnectTimeout", TimeSpan.Zero, LongestTime),
            // The pause doubles up to 15 s; zero would be a busy loop.
            ServerLoginRetry = section.Time(
                "serverLoginRetry",
                TimeSpan.FromMilliseconds(10),
                TimeSpan.FromSeconds(15)
            ),
            ServerCheckDelay = section.Time("serverCheckDelay", TimeSpan.Zero, LongestTime),
            ServerCheckQuery = section.Text("serverCheckQuery", mayBeEmpty: true),
            ServerResetQuery = section.Text("serverResetQuery", mayBeEmpty: true),
            MaxPreparedStatements = section.Integer("maxPreparedStatements", 0, 100_000),
            IdleTransactionTimeout = section.Time("idleTransactionTimeout", TimeSpan.Zero, LongestTime),
            QueryTimeout = section.Time("queryTimeout", TimeSpan.Zero, LongestTime),
        };
        section.Close();
        return options;
    }

    /// <summary>What is not set here is inherited.</summary>
    public PoolSnapshot ToSnapshot(PoolSnapshot inherited) =>
        new()
        {
            Mode = Mode ?? inherited.Mode,
            Size = Size ?? inherited.Size,
            MinSize = MinSize ?? inherited.MinSize,
            ReserveSize = ReserveSize ?? inherited.ReserveSize,
            ReserveTimeout = ReserveTimeout ?? inherited.ReserveTimeout,
            WaitTimeout = WaitTimeout ?? inherited.WaitTimeout,
            ServerLifetime = ServerLifetime ?? inherited.ServerLifetime,
            ServerIdleTimeout = ServerIdleTimeout ?? inherited.ServerIdleTimeout,
            ServerConnectTimeout = ServerConnectTimeout ?? inherited.ServerConnectTimeout,
            ServerLoginRetry = ServerLoginRetry ?? inherited.ServerLoginRetry,
            ServerCheckDelay = ServerCheckDelay ?? inherited.ServerCheckDelay,
            ServerCheckQuery = ServerCheckQuery ?? inherited.ServerCheckQuery,
            ServerResetQuery = ServerResetQuery ?? inherited.ServerResetQuery,
            MaxPreparedStatements = MaxPreparedStatements ?? inherited.MaxPreparedStatements,
            IdleTransactionTimeout = IdleTransactionTimeout ?? inherited.IdleTransactionTimeout,
            QueryTimeout = QueryTimeout ?? inherited.QueryTimeout,
        };
}
