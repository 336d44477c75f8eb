using System.Collections.Concurrent;
using System.Collections.Immutable;
using System.Globalization;
using Freshet.Core.Policy;
using Freshet.Server.Proxy.Settings;

namespace Freshet.Server.Proxy.Caching;

/// <summary>The policies of one database: one class for all clients to whom the same rules could apply. Clients choose
/// their application_name freely, so a class goes by those rules and not by names. Any thread.</summary>
internal sealed class PolicyBook(DatabaseCache database)
{
    /// <summary>Then all are forgotten; whoever has one keeps it.</summary>
    private const int MostClasses = 1_000;

    private volatile Edition? _edition;

    /// <summary>Under the present configuration.</summary>
    public int Count => _edition?.Classes.Count ?? 0;

    /// <param name="user">The client's user.</param>
    /// <param name="application">Its application_name; empty: none.</param>
    public PolicyClass ClassOf(string user, string application)
    {
        DatabaseCacheSnapshot settings = database.Settings;
        Edition? edition = _edition;
        if (edition is null || !ReferenceEquals(edition.Settings, settings))
        {
            _edition = edition = new Edition(settings, new RuleTables(database));
        }

        (string key, ImmutableArray<PolicyRule> rules) = RulesFor(settings, user, application);
        if (edition.Classes.TryGetValue(key, out PolicyClass? found))
        {
            return found;
        }

        if (edition.Classes.Count >= MostClasses)
        {
            edition.Classes.Clear();
        }

        return edition.Classes.GetOrAdd(key, _ => new PolicyClass(database, settings, rules, edition.Tables));
    }

    /// <summary>Up to the first one that holds for everything: none after it is ever looked at.</summary>
    private static (string Key, ImmutableArray<PolicyRule> Rules) RulesFor(
        DatabaseCacheSnapshot settings, string user, string application)
    {
        var numbers = new List<int>();
        for (int i = 0; i < settings.Rules.Length; i++)
        {
            if (settings.Rules[i].IsFor(user, application))
            {
                numbers.Add(i);
                if (settings.Rules[i].IsForAllStatements)
                {
                    break;
                }
            }
        }

        string key = string.Join(',', numbers.Select(number => number.ToString(CultureInfo.InvariantCulture)));
        return (key, [.. numbers.Select(number => settings.Rules[number])]);
    }

    /// <summary>The classes under one configuration.</summary>
    private sealed class Edition(DatabaseCacheSnapshot settings, RuleTables tables)
    {
        public DatabaseCacheSnapshot Settings => settings;

        public RuleTables Tables => tables;

        /// <summary>By the numbers of their rules.</summary>
        public ConcurrentDictionary<string, PolicyClass> Classes { get; } = new(StringComparer.Ordinal);
    }
}
