using System.Text;
using FsCheck;
using FsCheck.Fluent;
using Freshet.Core.Sql.Analysis;
using Xunit;

namespace Freshet.Tests.Unit.Sql.Analysis;

public sealed class StatementFactsTests
{
    /// <summary>Pieces of statements; what stands behind a bar is the same piece for the server.</summary>
    private static readonly string[] Pieces =
    [
        "select|SELECT|SeLeCt", "*", "a", "from|FROM", "games|Games|GAMES", "\"Games\"", "where|Where", "id", "=", "$1",
        "5|77|1e5", ", 'x'|, 'it''s'|, $$y$$|, E'\\n'", "(", ")", ",", ".", "and|AND", "::", "text|TEXT", "+",
        "||", "in", "u&b",
    ];

    private static readonly string[] Gaps = [" ", "\n", "\t ", " /* a /* nested */ comment */ ", " -- to the end\n"];

    [Fact]
    public void White_space_comments_case_and_constants_do_not_change_the_fingerprint()
    {
        var choices = Gen.Choose(0, 10_000).ArrayOf();
        Check.QuickThrowOnFailure(Prop.ForAll(choices.ToArbitrary(), numbers =>
        {
            var (one, other) = (new StringBuilder(), new StringBuilder());
            foreach (var number in numbers)
            {
                var forms = Pieces[number % Pieces.Length].Split('|', StringSplitOptions.RemoveEmptyEntries);
                forms = forms is [] ? ["||"] : forms;
                one.Append(forms[0]).Append(' ');
                other.Append(forms[number / 7 % forms.Length]).Append(Gaps[number / 31 % Gaps.Length]);
            }

            Assert.Equal(Facts(one.ToString()).Fingerprint, Facts(other.ToString()).Fingerprint);
        }));
    }

    [Theory]
    [InlineData("select * from t where id in (1, 2, 3)", "select * from t where id in (4)")]
    [InlineData("select * from t where id in ($1, $2)", "select * from t where id in ($1, $2, $3)")]
    [InlineData("select 'a'", "select 'a'\n  'b'")]
    [InlineData("select 1;", "select 1")]
    public void Statements_of_one_shape_have_one_fingerprint(string one, string other) =>
        Assert.Equal(Facts(one).Fingerprint, Facts(other).Fingerprint);

    [Theory]
    [InlineData("select a from t", "select b from t")]
    [InlineData("select a.b from t", "select a, b from t")]
    [InlineData("select \"A\" from t", "select a from t")]
    [InlineData("select a + b from t", "select a - b from t")]
    [InlineData("select u & b from t", "select u | b from t")]
    [InlineData("select 'a' - b from t", "select 'a' + b from t")]
    public void Statements_of_other_shapes_have_others(string one, string other) =>
        Assert.NotEqual(Facts(one).Fingerprint, Facts(other).Fingerprint);

    [Fact]
    public void The_normalised_text_numbers_constants_behind_the_parameters()
    {
        Assert.Equal(
            "select a from t where b = $1 and c in ($2) and d = $3",
            Facts("SELECT a /* x */ FROM t\nWHERE b=$1 AND c IN (1,2) AND d='x'").Normalized);
    }

    [Theory]
    [InlineData("", nameof(RefusalReason.NotAQuery))]
    [InlineData("update t set a = 1", nameof(RefusalReason.NotAQuery))]
    [InlineData("explain select 1", nameof(RefusalReason.NotAQuery))]
    [InlineData("select 1; select 2", nameof(RefusalReason.MultipleStatements))]
    [InlineData("with d as (delete from t returning *) select * from d", nameof(RefusalReason.Writes))]
    [InlineData("select * into u from t", nameof(RefusalReason.SelectInto))]
    [InlineData("select * from t for no key update", nameof(RefusalReason.RowLock))]
    [InlineData("select * from t for share", nameof(RefusalReason.RowLock))]
    [InlineData("select ctid from t", nameof(RefusalReason.SystemColumn))]
    [InlineData("select t.\"xmin\" from t", nameof(RefusalReason.SystemColumn))]
    [InlineData("select * from pg_temp.t", nameof(RefusalReason.SystemCatalog))]
    [InlineData("select * from information_schema.tables", nameof(RefusalReason.SystemCatalog))]
    [InlineData("select 't'::regclass", nameof(RefusalReason.SystemCatalog))]
    [InlineData("select * from t tablesample system (1)", nameof(RefusalReason.TableSample))]
    [InlineData("select current_date", nameof(RefusalReason.CurrentTime))]
    [InlineData("select LocalTimestamp", nameof(RefusalReason.CurrentTime))]
    [InlineData("select '10:00'::timetz", nameof(RefusalReason.CurrentTime))]
    [InlineData("select a::time (3) with time zone from t", nameof(RefusalReason.CurrentTime))]
    [InlineData("select * from U&\"t\"", nameof(RefusalReason.NotUnderstood))]
    [InlineData("select 'unfinished", nameof(RefusalReason.NotUnderstood))]
    [InlineData("select {", nameof(RefusalReason.NotUnderstood))]
    [InlineData("select treat(1 as pg_sleep)", nameof(RefusalReason.NotUnderstood))]
    [InlineData("select now_or_never from t", nameof(RefusalReason.None))]
    [InlineData("select \"current_date\" from t", nameof(RefusalReason.None))]
    [InlineData("select a at time zone 'utc', b::timestamp with time zone from t", nameof(RefusalReason.None))]
    [InlineData("(select 1) union table t", nameof(RefusalReason.None))]
    public void The_words_alone_say_what_is_never_cached(string sql, string reason) =>
        Assert.Equal(reason, Facts(sql).Refusal.ToString());

    [Theory]
    [InlineData("select 'now'")]
    [InlineData("select ' TODAY 04:05'")]
    [InlineData("select 'x,tomorrow'")]
    [InlineData("select E'\\x6eow'")]
    [InlineData("select E'\\156ow'")]
    [InlineData("select e'\\tnow'")]
    [InlineData("select E'\\u006eow'")]
    [InlineData("select E'\\U0000006eow'")]
    [InlineData("select 'no'\n  'w'")]
    [InlineData("select 'no' -- it's split\n 'w'")]
    [InlineData("select $$yesterday$$")]
    [InlineData("select $q$ now $q$")]
    public void A_literal_is_judged_by_its_value(string sql) =>
        Assert.Equal(RefusalReason.DateWord, Facts(sql).Refusal);

    [Theory]
    [InlineData("select U&'\\006eow'")]
    [InlineData("select U&'!006eow' uescape '!'")]
    public void Unicode_escapes_are_refused(string sql) =>
        Assert.Equal(RefusalReason.NotUnderstood, Facts(sql).Refusal);

    [Fact]
    public void Backslashes_escape_where_strings_do_not_conform()
    {
        Assert.Equal(RefusalReason.None, Facts("select '\\x6eow'").Refusal);
        Assert.Equal(RefusalReason.DateWord, StatementFacts.Read("select '\\x6eow'"u8, false).Refusal);
    }

    [Theory]
    [InlineData("select B'1''0'")]
    [InlineData("select E'a\\")]
    [InlineData("select E'\\'' || $a$ $b$ $a")]
    [InlineData("select 'a' --")]
    [InlineData("select '")]
    public void Odd_literals_are_read_to_their_end(string sql)
    {
        for (var length = 0; length <= sql.Length; length++)
        {
            Assert.NotNull(Facts(sql[..length]).Normalized);
        }
    }

    [Fact]
    public void A_name_that_the_server_would_cut_is_refused()
    {
        Assert.Equal(RefusalReason.None, Facts("select " + new string('a', 63)).Refusal);
        Assert.Equal(RefusalReason.NotUnderstood, Facts("select " + new string('a', 64)).Refusal);
        Assert.Equal(RefusalReason.None, Facts("select é" + new string('a', 50)).Refusal);
        Assert.Equal(RefusalReason.NotUnderstood, Facts("select " + new string('a', 60) + "é").Refusal);
    }

    [Fact]
    public void A_long_text_is_not_looked_at() =>
        Assert.Equal(
            RefusalReason.TooLong,
            Facts("select " + new string('1', StatementFacts.MostBytes)).Refusal);

    [Theory]
    [InlineData("select u&&b", "&&")]
    [InlineData("select 'a'-|-b", "-|-")]
    [InlineData("select a @/**/@ b", "@")]
    [InlineData("select a operator(s.@@) b", "@@")]
    [InlineData("select a->>'x'", "->>")]
    public void Operators_are_whole(string sql, string run) => Assert.Contains(run, Facts(sql).Operators);

    [Fact]
    public void Names_are_folded_and_qualified()
    {
        var names = Facts("select Count(*), \"A\".b, (t).age from Public.Games").Names;

        Assert.Contains(new SqlName("count", null, true), names);
        Assert.Contains(new SqlName("b", "A", false), names);
        Assert.Contains(new SqlName("age", null, true), names); // a function may stand there
        Assert.Contains(new SqlName("games", "public", false), names);
    }

    private static StatementFacts Facts(string sql) => StatementFacts.Read(Encoding.UTF8.GetBytes(sql), true);
}
