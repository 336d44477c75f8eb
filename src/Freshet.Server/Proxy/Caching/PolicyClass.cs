using System.Runtime.CompilerServices;
using Freshet.Core.Policy;
using Freshet.Core.Sql.Analysis;
using Freshet.Server.Proxy.Settings;

namespace Freshet.Server.Proxy.Caching;

/// <summary>The policies of all statements for clients to whom the same rules apply, under one configuration. Any
/// thread.</summary>
internal sealed class PolicyClass
{
    private readonly DatabaseCache _database;
    private readonly DatabaseCacheSnapshot _settings;
    private readonly ConditionalWeakTable<CachedStatement, ResultPolicy> _policies = [];
    private readonly ConditionalWeakTable<CachedStatement, ResultPolicy>.CreateValueCallback _make;

    public PolicyClass(DatabaseCache database)
    {
        _database = database;
        _settings = database.Settings;
        _make = Make; // once: hits must not allocate
    }

    /// <summary>False after a reload.</summary>
    public bool IsCurrent => ReferenceEquals(_settings, _database.Settings);

    public ResultPolicy For(CachedStatement statement) => _policies.GetValue(statement, _make);

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
        statement.AddLabels(Labels(policy));
        return policy;
    }

    private static IEnumerable<ResultLabel> Labels(ResultPolicy policy)
    {
        foreach (string tag in policy.Tags)
        {
            yield return new ResultLabel(InvalidationKind.Tag, tag);
        }

        if (policy.Profile is { } profile)
        {
            yield return new ResultLabel(InvalidationKind.Profile, profile);
        }

        if (policy.Key is { } key)
        {
            yield return new ResultLabel(InvalidationKind.Key, key);
        }
    }
}
