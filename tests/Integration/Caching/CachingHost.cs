using System.Collections.Immutable;
using System.Net;
using Freshet.Core.Consistency;
using Freshet.Core.Policy;
using Freshet.Server.Demo;
using Freshet.Server.Feed;
using Freshet.Server.Proxy;
using Freshet.Server.Proxy.Settings;
using Freshet.Tests.Integration.Wire;
using Xunit;

namespace Freshet.Tests.Integration.Caching;

/// <summary>The proxy with its feeds inside the test's process, so that a test can switch a rule off and look at what
/// the cache knows.</summary>
internal sealed class CachingHost : IAsyncDisposable, IProxyLog
{
    private readonly DatabaseWatches _watches;
    private readonly ProxyHost _host;
    private readonly List<WireClient> _clients = [];
    private readonly string _database;

    public CachingHost(PrivatePostgres postgres, string database, CacheMode mode = CacheMode.Session, int loops = 1)
        : this(postgres.Port, database, mode, loops)
    {
    }

    /// <param name="port">The server's, on the loopback; knows the role <c>wire</c> by trust.</param>
    /// <param name="database">Its name on the server and for clients.</param>
    /// <param name="mode">Of all statements.</param>
    /// <param name="loops">Of the proxy.</param>
    public CachingHost(int port, string database, CacheMode mode = CacheMode.Session, int loops = 1)
    {
        _database = database;
        _watches = new DatabaseWatches(this);
        _host = ProxyHost.Start(
            new ProxySnapshot
            {
                Listen = [new ListenAddress(IPAddress.Loopback, 0)],
                Threads = loops,
                Auth = AuthMethod.Trust,
                Databases = ImmutableDictionary<string, DatabaseSnapshot>.Empty.Add(
                    database,
                    new DatabaseSnapshot(
                        database, "127.0.0.1", port, null, "wire", null, TlsSnapshot.Disabled,
                        new PoolSnapshot { Size = 10 })
                    {
                        Cache = new DatabaseCacheSnapshot
                        {
                            Mode = mode,
                            VerifyPercent = 0,
                            // A reload of the server's configuration counts as a change: not in these tests.
                            SchemaPollInterval = TimeSpan.FromHours(1),
                        },
                    }),
                Users = ImmutableDictionary<string, UserSnapshot>.Empty.Add("wire", new UserSnapshot("wire", null)),
            },
            this,
            _watches.Follow);
    }

    public Freshness Freshness => _host.Cache.Databases.Single().Freshness;

    public int Port => _host.Addresses[0].Port;

    public long Hits => Sum(counters => counters.Requests[0]);

    public long Stored => Sum(counters => counters.Stored);

    public WireClient Client()
    {
        var client = WireClient.Connect("127.0.0.1", _host.Addresses[0].Port).Login("wire", _database);
        _clients.Add(client);
        return client;
    }

    /// <summary>Connects the first client and waits until changes are followed and definitions known.</summary>
    public async Task UntilLiveAsync()
    {
        var client = Client();
        await CachedScene.UntilAsync(() =>
        {
            client.Query("select 1");
            return Task.FromResult(Freshness.IsLive && Hits > 0);
        });
    }

    public void Write(ProxyLogLevel level, string message) =>
        TestContext.Current.TestOutputHelper?.WriteLine($"{level}: {message}");

    public async ValueTask DisposeAsync()
    {
        _clients.ForEach(client => client.Dispose());
        await _watches.DisposeAsync();
        _host.Dispose();
    }

    private long Sum(Func<Freshet.Server.Proxy.Caching.CacheCounters, long> count) =>
        _host.Cache.Databases.Sum(database => database.Counters.Sum(count));
}
