using System.Text;
using Freshet.Core.Catalog;
using Freshet.Core.Sql.Analysis;
using Xunit;

namespace Freshet.Tests.Unit.Catalog;

/// <summary>What a statement's words mean in one database.</summary>
public sealed class CatalogSnapshotTests
{
    private const uint Int4 = 23, Text = 25, Date = 1082, Timestamp = 1114;

    private static readonly CatalogRows Rows = new()
    {
        Relations =
        [
            Relation(1, "item") with { Columns = Columns(("id", Int4), ("name", Text), ("made", Timestamp)) },
            Relation(2, "event") with { Columns = Columns(("at", Date), ("name", Timestamp)) },
            Relation(3, "item", "other"), Relation(4, "parent"), Relation(5, "child"), Relation(6, "grandchild"),
            Relation(7, "secret") with { HasRowSecurity = true }, Relation(8, "fast") with { Persistence = 'u' },
            Relation(9, "counter") with { Kind = 'S' }, Relation(10, "far") with { Kind = 'f' },
            Relation(11, "top", kind: 'v') with { Definition = "SELECT name FROM middle;" },
            Relation(12, "middle", kind: 'v') with { Definition = "SELECT (item.name)::text AS name FROM item;" },
            Relation(13, "clock", kind: 'v') with { Definition = "SELECT now() AS now;" },
            Relation(14, "zoned") with { Columns = Columns(("at", DateTypes.ZonedTime)) },
            Relation(15, "whole", kind: 'p'), Relation(16, "bare") with { HasIdentity = false },
            Relation(17, "temporary") with { Persistence = 't' },
            Relation(18, "pg_class", "pg_catalog"), Relation(19, "columns", "information_schema", 'v'),
        ],
        Inheritance = [(4, 5), (5, 6), (15, 1)],
        Functions =
        [
            new("pg_catalog", "now", 's', 'f', "internal", true, false),
            new("pg_catalog", "age", 's', 'f', "internal", true, true),
            new("pg_catalog", "to_char", 's', 'f', "internal", true, false),
            new("public", "mine", 'i', 'f', "sql", false, true),
            new("public", "fast", 'i', 'f', "c", false, true),
            new("public", "total", 'i', 'a', "internal", false, true),
            new("public", "trusted", 'v', 'f', "plpgsql", false, true),
        ],
        DoubtfulOperators = ["@#@"],
        DoubtfulTypes = ["odd", "int4"],
        DateTypes = ["my_date"],
    };

    private static readonly CatalogSnapshot Catalog = new(Rows, 0, ["public.trusted"]);

    [Theory]
    [InlineData("select * from item", "1 3")]
    [InlineData("select * from public.item", "1")]
    [InlineData("select * from Other.\"item\"", "3")]
    [InlineData("select name from item i join event on true", "1 2 3")]
    [InlineData("select e.item from event e", "2")]
    [InlineData("select * from parent", "4 5 6")]
    [InlineData("select * from only parent", "4 5 6")]
    [InlineData("select * from child", "5 6")]
    [InlineData("select * from whole", "1")]
    [InlineData("select * from top", "1 3")]
    [InlineData("select 1", "")]
    public void Dependencies_are_closed_over_views_and_children(string sql, string tables) =>
        Assert.Equal(tables, string.Join(' ', Judge(sql).Relations));

    [Theory]
    [InlineData("public", "1")]
    [InlineData("Other, public", "1 3")]
    [InlineData("\"Other\"", "")]
    [InlineData("\"$user\", public", "1 3")]
    [InlineData("\"a,b\", public", "1 3")]
    [InlineData("ö", "1 3")]
    [InlineData("", "")]
    public void A_search_path_narrows_them_when_it_is_plain(string path, string tables)
    {
        var verdict = Catalog.Judge(Facts("select * from item"), path);

        Assert.True(verdict.IsCacheable, verdict.Detail);
        Assert.Equal(tables, string.Join(' ', verdict.Relations));
    }

    [Theory]
    [InlineData("select * from secret", nameof(RefusalReason.RowSecurity))]
    [InlineData("select last_value from counter", nameof(RefusalReason.Sequence))]
    [InlineData("select * from temporary", nameof(RefusalReason.TemporaryTable))]
    [InlineData("select * from pg_class", nameof(RefusalReason.SystemCatalog))]
    [InlineData("select * from clock", nameof(RefusalReason.VolatileFunction))]
    [InlineData("select * from zoned", nameof(RefusalReason.CurrentTime))]
    [InlineData("select now()", nameof(RefusalReason.VolatileFunction))]
    [InlineData("select pg_catalog . now ( )", nameof(RefusalReason.VolatileFunction))]
    [InlineData("select age(made) from item", nameof(RefusalReason.VolatileFunction))]
    [InlineData("select (made).age from item", nameof(RefusalReason.VolatileFunction))]
    [InlineData("select (array[made])[1].age from item", nameof(RefusalReason.VolatileFunction))]
    [InlineData("select mine(1)", nameof(RefusalReason.UserFunction))]
    [InlineData("select item.mine from item", nameof(RefusalReason.UserFunction))]
    [InlineData("select (item).mine from item", nameof(RefusalReason.UserFunction))]
    [InlineData("select \"mine\"(1)", nameof(RefusalReason.UserFunction))]
    [InlineData("select total(id) from item", nameof(RefusalReason.UserFunction))]
    [InlineData("select 1 @#@ 2", nameof(RefusalReason.UserOperator))]
    [InlineData("select 'a'@#@ 'b'", nameof(RefusalReason.UserOperator))]
    [InlineData("select x::odd from item", nameof(RefusalReason.UserCast))]
    [InlineData("select x::integer from item", nameof(RefusalReason.UserCast))]
    [InlineData("select name::date from item", nameof(RefusalReason.DateCast))]
    [InlineData("select item.name::my_date from item", nameof(RefusalReason.DateCast))]
    [InlineData("select array[name]::my_date[] from item", nameof(RefusalReason.DateCast))]
    [InlineData("select name::_my_date from item", nameof(RefusalReason.DateCast))]
    [InlineData("select timestamptz(name) from item", nameof(RefusalReason.DateCast))]
    [InlineData("select (name).timestamptz from item", nameof(RefusalReason.DateCast))]
    [InlineData("select e.name::date from item i, event e", nameof(RefusalReason.DateCast))]
    [InlineData("select unknown::date from item", nameof(RefusalReason.DateCast))]
    [InlineData("select made::date, to_char(made, 'YYYY') from item", nameof(RefusalReason.None))]
    [InlineData("select i.made::date from public.item i", nameof(RefusalReason.None))]
    [InlineData("select now, age from item", nameof(RefusalReason.None))]
    [InlineData("select fast(1), trusted(1)", nameof(RefusalReason.None))]
    [InlineData("select 1 @# 2", nameof(RefusalReason.None))]
    public void What_could_change_without_a_commit_is_refused(string sql, string reason)
    {
        var verdict = Judge(sql);
        Assert.True(
            string.Equals(verdict.Reason.ToString(), reason, StringComparison.Ordinal),
            $"{verdict.Reason}: {verdict.Detail}");
    }

    [Theory]
    [InlineData("select * from fast")]
    [InlineData("select * from far")]
    [InlineData("select * from bare")]
    public void What_the_stream_does_not_hold_is_told(string sql)
    {
        Assert.True(Judge(sql).IsCacheable);
        Assert.NotNull(Judge(sql).Untracked);
        Assert.Null(Judge("select * from item").Untracked);
    }

    [Theory]
    [InlineData(null, false, nameof(RefusalReason.None))]
    [InlineData(null, true, nameof(RefusalReason.SystemCatalog))]
    [InlineData("public", true, nameof(RefusalReason.None))]
    [InlineData("public, information_schema", false, nameof(RefusalReason.SystemCatalog))]
    [InlineData("\"$user\", \"information_schema\"", false, nameof(RefusalReason.SystemCatalog))]
    public void The_information_schema_counts_where_a_path_leads_there(string? path, bool byDefault, string reason)
    {
        var catalog = new CatalogSnapshot(Rows with { DefaultPathHasInformationSchema = byDefault }, 0, []);

        Assert.Equal(reason, catalog.Judge(Facts("select * from columns"), path).Reason.ToString());
    }

    [Fact]
    public void A_word_beyond_ASCII_is_refused_only_where_something_is_called_so()
    {
        var sql = Facts("select größe from item");
        var catalog = new CatalogSnapshot(Rows with { Relations = [.. Rows.Relations, Relation(99, "straße")] }, 0, []);

        Assert.True(Catalog.Judge(sql, null).IsCacheable);
        Assert.Equal(RefusalReason.NotUnderstood, catalog.Judge(sql, null).Reason);
        Assert.True(catalog.Judge(Facts("select 1 from item"), null).IsCacheable);
        var latin = StatementFacts.Read(Encoding.Latin1.GetBytes("select * from straße"), true);
        Assert.Equal(RefusalReason.NotUnderstood, catalog.Judge(latin, null).Reason);
    }

    [Theory]
    [InlineData("=")]
    [InlineData("~~")]
    public void An_operator_that_is_applied_unseen_refuses_everything(string symbol)
    {
        var catalog = new CatalogSnapshot(Rows with { DoubtfulOperators = [symbol] }, 0, []);

        Assert.Equal(RefusalReason.UserOperator, catalog.Judge(Facts("select distinct id from item"), null).Reason);
    }

    [Fact]
    public void Many_tables_are_too_many()
    {
        var many = new CatalogSnapshot(
            new CatalogRows
            {
                Relations = [Relation(1, "whole", kind: 'p'),
                    .. Enumerable.Range(2, 300).Select(oid => Relation((uint)oid, $"part{oid}"))],
                Inheritance = [.. Enumerable.Range(2, 300).Select(oid => (1u, (uint)oid))],
            },
            0,
            []);

        Assert.Equal(RefusalReason.TooManyTables, many.Judge(Facts("select * from whole"), null).Reason);
    }

    [Fact]
    public void Views_that_name_one_another_end()
    {
        var views = new CatalogSnapshot(
            new CatalogRows
            {
                Relations = [.. Enumerable.Range(1, 40).Select(oid =>
                    Relation((uint)oid, $"v{oid}", kind: 'v') with { Definition = $"SELECT * FROM v{oid + 1}" })],
            },
            0,
            []);

        Assert.Equal(RefusalReason.NotUnderstood, views.Judge(Facts("select * from v1"), null).Reason);
        Assert.True(views.Judge(Facts("select * from v35"), null).IsCacheable);
    }

    private static StatementVerdict Judge(string sql) => Catalog.Judge(Facts(sql), null);

    private static StatementFacts Facts(string sql) => StatementFacts.Read(Encoding.UTF8.GetBytes(sql), true);

    private static CatalogRelation Relation(uint oid, string name, string schema = "public", char kind = 'r') =>
        new() { Oid = oid, Schema = schema, Name = name, Kind = kind, HasIdentity = true };

    private static Dictionary<string, uint> Columns(params (string Name, uint Type)[] columns) =>
        columns.ToDictionary(column => column.Name, column => column.Type, StringComparer.Ordinal);
}
