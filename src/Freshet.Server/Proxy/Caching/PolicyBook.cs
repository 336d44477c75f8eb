namespace Freshet.Server.Proxy.Caching;

/// <summary>The policies of one database: one class for all clients to whom the same rules apply. Any thread.</summary>
internal sealed class PolicyBook(DatabaseCache database)
{
    private volatile PolicyClass? _only;

    /// <param name="user">The client's user.</param>
    /// <param name="application">Its application_name.</param>
    public PolicyClass ClassOf(string user, string application)
    {
        _ = (user, application);
        PolicyClass? present = _only;
        if (present is not { IsCurrent: true })
        {
            _only = present = new PolicyClass(database);
        }

        return present;
    }
}
