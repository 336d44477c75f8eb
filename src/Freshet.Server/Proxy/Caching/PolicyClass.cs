using System.Collections.Immutable;
using System.Runtime.CompilerServices;
using Freshet.Core.Policy;
using Freshet.Core.Sql.Analysis;
using Freshet.Server.Proxy.Settings;

namespace Freshet.Server.Proxy.Caching;

/// <summary>
/// The policies of all statements for clients to whom the same rules could apply, under one configuration. A policy is
/// put together in five steps, each before those in front of it: the database's settings, the profile of the first rule
/// that matches, that rule itself, the profile that the statement's hint names, the hint itself. Any thread.
/// </summary>
internal sealed class PolicyClass
{
    private readonly DatabaseCache _database;
    private readonly DatabaseCacheSnapshot _settings;
    private readonly ImmutableArray<PolicyRule> _rules;
    private readonly RuleTables _tables;
    private readonly ConditionalWeakTable<CachedStatement, ResultPolicy> _policies = [];
    private readonly ConditionalWeakTable<CachedStatement, ResultPolicy>.CreateValueCallback _make;

    /// <param name="database">Whose statements they are.</param>
    /// <param name="settings">Its settings.</param>
    /// <param name="rules">Those of its rules that could apply, in their order.</param>
    /// <param name="tables">Knows the tables that they name.</param>
    public PolicyClass(
        DatabaseCache database, DatabaseCacheSnapshot settings, ImmutableArray<PolicyRule> rules, RuleTables tables)
    {
        _database = database;
        _settings = settings;
        _rules = rules;
        _tables = tables;
        _make = Make; // once: hits must not allocate
    }

    /// <summary>False after a reload.</summary>
    public bool IsCurrent => ReferenceEquals(_settings, _database.Settings);

    public ResultPolicy For(CachedStatement statement) => _policies.GetValue(statement, _make);

    private ResultPolicy Make(CachedStatement statement)
    {
        var policy = new ResultPolicy
        {
            Mode = _settings.Mode,
            MaxAge = _settings.MaxAge,
            StaleWhileRevalidate = _settings.StaleWhileRevalidate,
            StaleIfError = _settings.StaleIfError,
        };
        var origin = new List<string>();
        if (_rules.FirstOrDefault(rule => Matches(rule, statement)) is { } rule)
        {
            policy = Apply(policy, rule.Name, rule.Profile, rule.Values, origin);
        }

        if (statement.Facts.Hint is { } hint)
        {
            policy = Apply(policy, hint, origin);
        }

        if (origin.Count > 0)
        {
            policy = policy with { Origin = string.Join(", ", origin) };
        }

        // Longer than the age it would let every hit ask the server.
        if (policy.RefreshAhead >= policy.MaxAge)
        {
            policy = policy with { RefreshAhead = policy.MaxAge / 2 };
        }

        statement.AddLabels(Labels(policy));
        return policy;
    }

    private bool Matches(PolicyRule rule, CachedStatement statement) =>
        (rule.Fingerprint is not { } fingerprint || fingerprint == statement.Facts.Fingerprint)
        && (rule.Table is not { } table || _tables.Concern(table, statement));

    private ResultPolicy Apply(ResultPolicy policy, StatementHint hint, List<string> origin)
    {
        string? profile = hint.Profile;
        ImmutableArray<string> errors = hint.Errors;
        if (profile is not null && !_settings.Profiles.ContainsKey(profile))
        {
            errors = errors.Add($"profile={profile} (there is no such profile)");
            profile = null;
        }

        var values = new PolicyValues
        {
            Mode = hint.Mode is { } mode ? Enum.Parse<CacheMode>(mode, ignoreCase: true) : null,
            MaxAge = hint.MaxAge,
            StaleWhileRevalidate = hint.StaleWhileRevalidate,
            StaleIfError = hint.StaleIfError,
            RefreshAhead = hint.RefreshAhead,
            Tags = hint.Tags,
        };
        return Apply(policy, "hint", profile, values, origin) with { Key = hint.Key, HintErrors = errors };
    }

    /// <param name="policy">As it is so far.</param>
    /// <param name="step">Who says something, for <paramref name="origin"/>.</param>
    /// <param name="profile">The profile that is named; null: none.</param>
    /// <param name="values">What is said besides.</param>
    /// <param name="origin">Those who have had a say in mode or times.</param>
    private ResultPolicy Apply(
        ResultPolicy policy, string step, string? profile, PolicyValues values, List<string> origin)
    {
        if (profile is not null && _settings.Profiles.GetValueOrDefault(profile) is { } named)
        {
            policy = policy.With(named) with { Profile = profile };
            step = $"{step} (profile {profile})";
        }

        policy = policy.With(values);
        if (profile is not null || values != new PolicyValues { Tags = values.Tags })
        {
            origin.Add(step);
        }

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
