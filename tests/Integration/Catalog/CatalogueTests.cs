using System.Text;
using Freshet.Core.Catalog;
using Freshet.Core.Sql.Analysis;
using Freshet.Server.Catalog;
using Freshet.Tests.Integration.Caching;
using Freshet.Tests.Integration.Servers;
using Freshet.Tests.Integration.Wire;
using Npgsql;
using NpgsqlTypes;
using Xunit;
using static Freshet.Tests.Integration.Wire.Frontend;

namespace Freshet.Tests.Integration.Catalog;

/// <summary>Every statement of <c>catalogue.txt</c> has its verdict by a real server's definitions, and is answered
/// through the cache as by the server.</summary>
/// <param name="servers">The shared servers.</param>
public sealed class CatalogueTests(TestServers servers)
{
    private static readonly string[] TrustedFunctions = ["listed"];

    private static readonly List<CatalogueDatabase> Databases = Catalogue.Read();

    public static TheoryData<string> Names => [.. Databases.Select(database => database.Name)];

    [Fact]
    public void It_is_large()
    {
        Assert.True(Databases.Sum(database => database.Cases.Count) >= 180);
        Assert.All(Databases.SelectMany(database => database.Cases), one => Assert.NotEmpty(one.Verdict));
    }

    [Theory]
    [MemberData(nameof(Names))]
    public async Task Every_statement_has_its_verdict(string name)
    {
        var database = Find(name);
        await using var connection = await CreateAsync(database);
        var catalog = await CatalogReader.ReadAsync(
            connection, 0, TrustedFunctions, TestContext.Current.CancellationToken);
        var wrong = new List<string>();
        foreach (var one in database.Cases)
        {
            var verdict = catalog.Judge(Facts(one), await SearchPathAsync(connection, one));
            var expected = $"{one.Verdict} [{string.Join(' ', one.Tables)}] [{string.Join(' ', one.Keys)}]";
            if (!string.Equals(expected, Describe(catalog, verdict), StringComparison.Ordinal))
            {
                wrong.Add($"{one}\n  expected {expected}\n  found    {Describe(catalog, verdict)} {verdict.Detail}");
            }
        }

        Assert.True(wrong.Count == 0, string.Join('\n', wrong));
    }

    [Theory]
    [MemberData(nameof(Names))]
    public async Task Every_relation_that_a_plan_reads_is_a_dependency(string name)
    {
        var database = Find(name);
        await using var connection = await CreateAsync(database);
        var wrong = new List<string>();
        var seen = 0;
        foreach (var one in database.Cases.Where(
            one => one is { Verdict: "cached" or "bounded", Varies: false } && !one.HasTemporaryTables))
        {
            await using var transaction = await connection.BeginTransactionAsync(TestContext.Current.CancellationToken);
            await ExecuteAsync(connection, one.Session);
            await using var command = new NpgsqlCommand($"explain (verbose, format json) {one.Sql}", connection);
            foreach (var argument in one.Arguments ?? [])
            {
                command.Parameters.Add(
                    new NpgsqlParameter { Value = argument, NpgsqlDbType = NpgsqlDbType.Unknown });
            }

            var plan = (string)(await command.ExecuteScalarAsync(TestContext.Current.CancellationToken))!;
            var read = PlannedRelations.Find(plan).ToList();
            seen += read.Count;
            wrong.AddRange(read.Except(one.Tables, StringComparer.Ordinal).Select(table => $"{one}: reads {table}"));
        }

        Assert.True(wrong.Count == 0, string.Join('\n', wrong));
        Assert.True(seen > 0 || database.Cases.All(one => !one.IsCached));
    }

    [Theory]
    [MemberData(nameof(Names))]
    public async Task Every_answer_is_the_servers(string name)
    {
        var database = Find(name);
        await using var scene = await CachedScene.StartAsync(
            servers.Postgres, string.Join(";\n", database.Setup), "\"verify\": 0, \"trustedFunctions\": [\"listed\"]",
            live: database.Cases.Any(one => one.IsCached));
        foreach (var one in database.Cases)
        {
            await RunAsync(scene, one);
        }
    }

    /// <summary>Asks often enough to be served from the cache, changes something in the same session, asks again.
    /// </summary>
    private static async Task RunAsync(CachedScene scene, CatalogueCase one)
    {
        var before = scene.Hits();
        using var routed = WireClient.Connect("127.0.0.1", scene.Proxy.Port).Login("wire", scene.Database);
        using var direct = scene.ConnectDirect();
        if (one.Session is { } session)
        {
            routed.Query(session);
            direct.Query(session);
        }

        if (one is { IsCached: true, Session: null, Varies: false })
        {
            await scene.UntilHitAsync(() => Compare(one, direct, routed));
        }
        else
        {
            for (var round = 0; round < 3; round++)
            {
                Compare(one, direct, routed);
                await Task.Delay(2, TestContext.Current.CancellationToken); // a pulse, in which it could be stored
            }
        }

        if (one.Change is { } change)
        {
            var first = routed.Received.Count;
            routed.Query(change);
            Assert.DoesNotContain(routed.Received.Skip(first), message => message.Type is 'E');
            if (one.HasTemporaryTables)
            {
                direct.Query(change); // each session has its own
            }

            Compare(one, direct, routed);
            Compare(one, direct, routed);
        }

        Assert.True(one is { IsCached: true, Varies: false } || scene.Hits() == before, $"{one} was served");
    }

    private static void Compare(CatalogueCase one, WireClient direct, WireClient routed)
    {
        (direct.Transcript, routed.Transcript) = (new Transcript(), new Transcript());
        Ask(one, routed);
        if (!one.IsComparable)
        {
            return;
        }

        Ask(one, direct);
        Assert.True(
            string.Equals($"{direct.Transcript}", $"{routed.Transcript}", StringComparison.Ordinal),
            $"{one}\n direct\n{direct.Transcript}\n routed\n{routed.Transcript}");
        Assert.True(
            !direct.Transcript.Lines.Any(line => line.StartsWith("Error", StringComparison.Ordinal)),
            $"{one}: {direct.Transcript}");
    }

    private static void Ask(CatalogueCase one, WireClient client)
    {
        if (one.Arguments is null)
        {
            client.Query(one.Sql);
        }
        else
        {
            client.Batch(Parse("", one.Sql), Bind("", "", one.Arguments), DescribePortal(""), Execute());
        }
    }

    private static CatalogueDatabase Find(string name) =>
        Databases.Single(database => string.Equals(database.Name, name, StringComparison.Ordinal));

    private static StatementFacts Facts(CatalogueCase one) =>
        StatementFacts.Read(Encoding.UTF8.GetBytes(one.Sql), true);

    private static string Describe(CatalogSnapshot catalog, StatementVerdict verdict)
    {
        string Name(uint oid) =>
            catalog.Find(oid) is { } found && found.Schema is not "public" ? found.FullName : catalog.Find(oid)!.Name;
        string List(IEnumerable<uint> oids) => string.Join(' ', oids.Select(Name).Order(StringComparer.Ordinal));

        var kind = !verdict.IsCacheable ? $"refused {verdict.Reason}"
            : verdict.Untracked is null ? "cached"
            : "bounded";
        return $"{kind} [{List(verdict.Relations)}] [{List(verdict.PointKeys.Select(key => key.Relation))}]";
    }

    private static async Task<string?> SearchPathAsync(NpgsqlConnection connection, CatalogueCase one)
    {
        if (one.Session?.Contains("search_path", StringComparison.Ordinal) is not true)
        {
            return null;
        }

        await ExecuteAsync(connection, one.Session);
        await using var command = new NpgsqlCommand("show search_path", connection);
        var path = (string?)await command.ExecuteScalarAsync(TestContext.Current.CancellationToken);
        await ExecuteAsync(connection, "reset search_path");
        return path;
    }

    private async Task<NpgsqlConnection> CreateAsync(CatalogueDatabase database)
    {
        var name = $"catalogue_{database.Name}";
        await using (var server = new NpgsqlConnection(servers.Postgres.ConnectionString("postgres")))
        {
            await server.OpenAsync(TestContext.Current.CancellationToken);
            await ExecuteAsync(server, $"drop database if exists {name} with (force)");
            await ExecuteAsync(server, $"create database {name}");
        }

        var connection = new NpgsqlConnection(servers.Postgres.ConnectionString(name) + ";Pooling=false");
        await connection.OpenAsync(TestContext.Current.CancellationToken);
        foreach (var sql in database.Setup)
        {
            await ExecuteAsync(connection, sql);
        }

        return connection;
    }

    private static async Task ExecuteAsync(NpgsqlConnection connection, string? sql)
    {
        if (sql is not null)
        {
            await using var command = new NpgsqlCommand(sql, connection);
            await command.ExecuteNonQueryAsync(TestContext.Current.CancellationToken);
        }
    }
}
