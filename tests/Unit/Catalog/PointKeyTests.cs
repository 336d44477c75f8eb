using System.Text;
using Freshet.Core.Catalog;
using Freshet.Core.Sql.Analysis;
using Xunit;

namespace Freshet.Tests.Unit.Catalog;

/// <summary>Which statements depend on the rows of one key only. Wrong once means stale for ever.</summary>
public sealed class PointKeyTests
{
    private const uint Game = 1, Team = 2, Note = 3, Part = 4, PartOne = 5, GameView = 6;
    private const uint Int4 = 23, Text = 25, Numeric = 1700;

    private static readonly CatalogSnapshot Catalog = new(
        new CatalogRows
        {
            Relations =
            [
                Table(Game, "game", "id", Int4), Table(Team, "team", "id", Int4), Table(Note, "note", "code", Text),
                Table(Part, "part", null, 0) with { Kind = 'p', HasIdentity = false },
                Table(PartOne, "part_one", "id", Int4),
                new CatalogRelation
                {
                    Oid = GameView, Schema = "public", Name = "game_view", Kind = 'v',
                    Definition = "SELECT game.id FROM game",
                },
                Table(7, "amount", "id", Numeric),
            ],
            Inheritance = [(Part, PartOne)],
        },
        schemaVersion: 0,
        trustedFunctions: []);

    [Theory]
    [InlineData("select * from game where id = $1", Game)]
    [InlineData("select * from public.game g where g.id = $1 and g.home is null", Game)]
    [InlineData("select name from game as g where $2 = 1 and id = $1 order by name limit 1", Game)]
    [InlineData("select * from game where id = 5", Game)]
    [InlineData("select * from game where id = '5'", Game)]
    [InlineData("select * from note where code = 'abc'", Note)]
    [InlineData("select g.id, h.name from game g join team h on h.id = g.home where g.id = $1", Game)]
    [InlineData("select 1 from team t left join game g on g.home = t.id or g.away = t.id where g.id = $1", 0)]
    [InlineData("select 1 from team t, game g where g.home = t.id and g.id = $1", Game)]
    [InlineData("select 1 from team h join game g using (id) where h.id = $1", Team)]
    [InlineData("select 1 from game a join game b on b.home = a.home where a.id = $1", 0)]
    [InlineData("select 1 from team t join game g on true where id = $1", 0)]
    [InlineData("select $1::bpchar, * from note where code = $1", 0)] // compares without trailing blanks
    [InlineData("select $1::float8, * from game where id = $1", 0)]
    [InlineData("select 1 from game g join note n on true where n.home = $1 and g.id = $1", 0)]
    [InlineData("select * from game where home = $1", 0)]
    [InlineData("select * from game where id = $1 or home = 1", 0)]
    [InlineData("select * from game where not id = $1", 0)]
    [InlineData("select * from game where home between 1 and id = $1", 0)]
    [InlineData("select * from game where case when home = 1 and id = $1 then true end", 0)]
    [InlineData("select * from game where id = $1 + 1", 0)]
    [InlineData("select * from game where id = -5", 0)]
    [InlineData("select * from game where id = 5.5", 0)]
    [InlineData("select * from game where id >= $1", 0)]
    [InlineData("select * from game where (id = $1)", 0)]
    [InlineData("select * from game where id = any($1)", 0)]
    [InlineData("select * from game where id = $1 union select * from game", 0)]
    [InlineData("select * from game where id = (select max(id) from game)", 0)]
    [InlineData("with g as (select * from game) select * from g where id = $1", 0)]
    [InlineData("select * from game_view v join game g on g.id = v.id where g.id = $1", 0)]
    [InlineData("select * from part where id = $1", 0)]
    [InlineData("select * from part_one where id = $1", 0)]
    [InlineData("select * from amount where id = $1", 0)]
    [InlineData("select * from generate_series(1, 5) game where id = $1", 0)]
    [InlineData("select * from only game where id = $1", 0)]
    [InlineData("table game", 0)]
    public void A_key_is_followed_only_where_nothing_else_can_matter(string sql, uint table)
    {
        var verdict = Catalog.Judge(StatementFacts.Read(Encoding.UTF8.GetBytes(sql), true), null);

        Assert.True(verdict.IsCacheable || table == 0, verdict.Detail);
        Assert.Equal(table == 0 ? [] : [table], verdict.PointKeys.Select(point => point.Relation));
    }

    [Theory]
    [InlineData(23u, "5", 20u, "5", true)]
    [InlineData(23u, "007", 23u, "7", true)]
    [InlineData(23u, "-5", 23u, "-5", true)]
    [InlineData(25u, "abc", 1043u, "abc", true)]
    [InlineData(2950u, "A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11", 2950u, "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11", true)]
    [InlineData(23u, "5", 23u, "6", false)]
    [InlineData(25u, "a", 25u, "a ", false)]
    public void Equal_keys_have_equal_hashes(uint type, string one, uint otherType, string other, bool equal)
    {
        Assert.True(KeyHash.TryHash(type, 0, Encoding.UTF8.GetBytes(one), 0, out var first));
        Assert.True(KeyHash.TryHash(otherType, 0, Encoding.UTF8.GetBytes(other), 0, out var second));
        Assert.Equal(equal, first == second);
    }

    [Theory]
    [InlineData(23u, " 5", 0u)]
    [InlineData(23u, "+5", 0u)]
    [InlineData(23u, "5.0", 0u)]
    [InlineData(23u, "", 0u)]
    [InlineData(23u, "5", 1700u)]
    [InlineData(25u, "é", 0u)]
    [InlineData(25u, "a", 1042u)]
    [InlineData(2950u, "{a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11}", 0u)]
    public void An_unusual_form_has_no_hash(uint type, string value, uint declared) =>
        Assert.False(KeyHash.TryHash(type, 0, Encoding.UTF8.GetBytes(value), declared, out _));

    [Fact]
    public void Binary_integers_hash_as_their_text()
    {
        Assert.True(KeyHash.TryHash(23, 0, "70000"u8, 0, out var text));
        Assert.True(KeyHash.TryHash(23, 1, [0, 1, 0x11, 0x70], 0, out var four));
        Assert.True(KeyHash.TryHash(23, 1, [0, 0, 0, 0, 0, 1, 0x11, 0x70], 20, out var eight));
        Assert.Equal(text, four);
        Assert.Equal(text, eight);
        Assert.False(KeyHash.TryHash(23, 1, [1, 2], 0, out _));
    }

    private static CatalogRelation Table(uint oid, string name, string? key, uint type) =>
        new()
        {
            Oid = oid,
            Schema = "public",
            Name = name,
            Kind = 'r',
            HasIdentity = true,
            KeyColumn = key,
            KeyType = type,
            KeyIsDeterministic = true,
        };
}
