using Freshet.Core.Policy;
using Freshet.Server.Proxy;
using Freshet.Server.Proxy.Caching;

namespace Freshet.Server.Feed;

/// <summary>Says in the log which rules name a table that is not there: the configuration could not know. Each finding
/// once, as long as it stays the same. Any thread.</summary>
internal sealed class RuleCheck(DatabaseCache database, IProxyLog log)
{
    private readonly Lock _checking = new();
    private string _known = "";

    /// <summary>Call it when definitions have been read, and when rules may have changed.</summary>
    public void Check()
    {
        if (database.Catalog is not { } catalog)
        {
            return;
        }

        var problems = new List<string>();
        foreach (PolicyRule rule in database.Settings.Rules)
        {
            if (rule.Table is { } table && TableSearch.Find(catalog, database.Name, table, out _) is { } problem)
            {
                problems.Add($"{rule.Name} matches no statement: {problem}");
            }
        }

        string all = string.Join("; ", problems);
        lock (_checking)
        {
            if (string.Equals(all, _known, StringComparison.Ordinal))
            {
                return;
            }

            _known = all;
        }

        if (all.Length > 0)
        {
            log.Write(ProxyLogLevel.Warning, $"cache {database.Name}: {all}");
        }
    }
}
