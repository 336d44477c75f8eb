using System.Runtime.CompilerServices;
using Freshet.Core.Policy;
using Freshet.Core.Sql.Analysis;
using Freshet.Server.Proxy.Settings;

namespace Freshet.Server.Proxy.Caching;

/// <summary>The policies of all statements for clients to whom the same rules apply, under one configuration. Any
/// thread.</summary>
internal sealed class PolicyClass(DatabaseCache database)
{
    private readonly DatabaseCacheSnapshot _settings = database.Settings;
    private readonly ConditionalWeakTable<CachedStatement, ResultPolicy> _policies = [];

    /// <summary>False after a reload.</summary>
    public bool IsCurrent => ReferenceEquals(_settings, database.Settings);

    public ResultPolicy For(CachedStatement statement) => _policies.GetValue(statement, Make);

    private ResultPolicy Make(CachedStatement statement)
    {
        StatementHint? hint = statement.Facts.Hint;
        var policy = new ResultPolicy
        {
            Mode = hint?.Mode is { } mode ? Enum.Parse<CacheMode>(mode, ignoreCase: true) : _settings.Mode,
            MaxAge = hint?.MaxAge ?? _settings.MaxAge,
            StaleWhileRevalidate = hint?.StaleWhileRevalidate ?? _settings.StaleWhileRevalidate,
            StaleIfError = hint?.StaleIfError ?? _settings.StaleIfError,
            RefreshAhead = hint?.RefreshAhead ?? TimeSpan.Zero,
            Tags = hint?.Tags ?? [],
            Profile = hint?.Profile,
            Key = hint?.Key,
        };
        statement.AddScopes(policy.Tags.Select(tag => database.Scope("tag", tag)));
        return policy;
    }
}
