using System.Text;
using Freshet.Core.Catalog;
using Freshet.Core.Consistency;
using Freshet.Core.Policy;
using Freshet.Core.Sql.Analysis;
using Freshet.Server.Proxy.Caching;
using Freshet.Server.Proxy.Settings;

namespace Freshet.Tests.Unit.Proxy.Caching;

/// <summary>A database with a few tables and settings, and statements on it.</summary>
internal sealed class PolicyScene : IDisposable
{
    private readonly CacheDirectory _directory = new(new CacheSnapshot { SizeBytes = 1024 * 1024 }, loops: 1);

    public PolicyScene(params PolicyRule[] rules)
    {
        Database = new DatabaseCache(
            _directory, "server:5432", "shop", new DatabaseCacheSnapshot { Rules = [.. rules] })
        {
            Catalog = Definitions(),
        };
    }

    public DatabaseCache Database { get; }

    /// <summary>Tables item, part with its partition part_one, archive.item; the view items.</summary>
    public static CatalogSnapshot Definitions() =>
        new(
            new CatalogRows
            {
                Relations =
                [
                    Relation(1, "public", "item"), Relation(2, "public", "part") with { Kind = 'p' },
                    Relation(3, "public", "part_one"), Relation(4, "archive", "item"),
                    Relation(5, "public", "items") with { Kind = 'v', Definition = "SELECT part_one.id FROM part_one" },
                    Relation(6, "public", "note"),
                ],
                Inheritance = [(2, 3)],
            },
            schemaVersion: 0,
            trustedFunctions: []);

    public CachedStatement Statement(string sql)
    {
        var facts = StatementFacts.Read(Encoding.UTF8.GetBytes(sql), true);
        var verdict = Database.Catalog!.Judge(facts, "public");
        return new CachedStatement(
            Database, _directory.Statements.NextNumber(), 0, facts, verdict,
            [.. verdict.Relations.Select(oid => Database.Freshness.Table(new RelationId(oid)))]);
    }

    public ResultPolicy Policy(string sql, string user = "app", string application = "") =>
        Database.Policies.ClassOf(user, application).For(Statement(sql));

    public void Dispose() => _directory.Dispose();

    private static CatalogRelation Relation(uint oid, string schema, string name) =>
        new() { Oid = oid, Schema = schema, Name = name, Kind = 'r', HasIdentity = true };
}
