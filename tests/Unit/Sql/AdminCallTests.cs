using System.Text;
using Freshet.Core.Sql;
using Freshet.Core.Sql.Analysis;
using Xunit;

namespace Freshet.Tests.Unit.Sql;

public sealed class AdminCallTests
{
    [Theory]
    [InlineData("select freshet.invalidate_tag('games')", AdminFunction.InvalidateTag, "games")]
    [InlineData("  SELECT Freshet.Invalidate_Table ( 'public.\"A b\"' ) ; -- end", AdminFunction.InvalidateTable,
        "public.\"A b\"")]
    [InlineData("/* a /* nested */ b */ select freshet.\"invalidate_profile\"('it''s')",
        AdminFunction.InvalidateProfile, "it's")]
    [InlineData("select freshet.invalidate_key(E'a\\nb\\x21')", AdminFunction.InvalidateKey, "a\nb!")]
    [InlineData("select freshet.invalidate_key('a'\n'b')", AdminFunction.InvalidateKey, "ab")]
    [InlineData("select freshet.invalidate_fingerprint($t$0'\"$$$t$)", AdminFunction.InvalidateFingerprint, "0'\"$$")]
    [InlineData("select freshet.invalidate_tag('games'::text)", AdminFunction.InvalidateTag, "games")]
    [InlineData("select * from freshet.explain('select ''a'' -- ;')", AdminFunction.Explain, "select 'a' -- ;")]
    [InlineData("select*from freshet.explain($$select 1; select 2$$);;", AdminFunction.Explain, "select 1; select 2")]
    public void A_call_with_a_constant_is_read(string sql, object function, string argument)
    {
        var call = Read(sql);
        Assert.Equal(AdminCallProblem.None, call.Problem);
        Assert.Equal((AdminFunction)function, call.Function);
        Assert.Equal(argument, Encoding.UTF8.GetString(call.Constant!));
        Assert.False(call.HasParameter);
    }

    [Theory]
    [InlineData("select freshet.invalidate_tag($1)")]
    [InlineData("select freshet.invalidate_tag( $1 :: text )")]
    [InlineData("select * from freshet.explain($1)")]
    public void A_call_with_a_parameter_is_read(string sql)
    {
        var call = Read(sql);
        Assert.Equal(AdminCallProblem.None, call.Problem);
        Assert.True(call.HasParameter);
        Assert.Null(call.Constant);
    }

    [Fact]
    public void Invalidate_all_takes_nothing()
    {
        Assert.Equal(AdminCallProblem.None, Read("select freshet.invalidate_all()").Problem);
        Assert.Equal(AdminCallProblem.Form, Read("select freshet.invalidate_all('x')").Problem);
    }

    [Theory]
    [InlineData("select freshet.invalidate_tag('games'), 1")]
    [InlineData("select freshet.invalidate_tag('games') as n")]
    [InlineData("select freshet.invalidate_tag('games'); drop table t")]
    [InlineData("select freshet.invalidate_tag('games') where true")]
    [InlineData("select freshet.invalidate_tag('games', 'live')")]
    [InlineData("select freshet.invalidate_tag('a' || 'b')")]
    [InlineData("select freshet.invalidate_tag(games)")]
    [InlineData("select freshet.invalidate_tag(1)")]
    [InlineData("select freshet.invalidate_tag($2)")]
    [InlineData("select freshet.invalidate_tag($10)")]
    [InlineData("select freshet.invalidate_tag()")]
    [InlineData("select freshet.invalidate_tag(")]
    [InlineData("select freshet.invalidate_tag('games")]
    [InlineData("select freshet.invalidate_tag('games'")]
    [InlineData("select freshet.invalidate_tag('games') /* no end")]
    [InlineData("select freshet.invalidate_tag('games'::date)")]
    [InlineData("select freshet.invalidate_tag('games':)")]
    [InlineData("select freshet.invalidate_tag($a$games)")]
    [InlineData("select freshet.explain('select 1')")]
    [InlineData("select * from freshet.invalidate_all()")]
    public void What_begins_like_a_call_and_is_not_of_its_form_is_refused(string sql) =>
        Assert.Equal(AdminCallProblem.Form, Read(sql).Problem);

    [Theory]
    [InlineData("select freshet.nothing('x')")]
    [InlineData("select * from freshet.stats()")]
    public void An_unknown_function_is_said_to_be_one(string sql) =>
        Assert.Equal(AdminCallProblem.Unknown, Read(sql).Problem);

    [Theory]
    [InlineData("select freshet.invalidate_tag(E'a\\000b')")]
    [InlineData("select freshet.invalidate_tag(B'101')")]
    [InlineData("select freshet.invalidate_tag(X'1f')")]
    [InlineData("select freshet.invalidate_tag(U&'\\0041')")]
    public void What_is_no_text_is_refused(string sql) => Assert.Equal(AdminCallProblem.Argument, Read(sql).Problem);

    [Theory]
    [InlineData("")]
    [InlineData("select")]
    [InlineData("select 1")]
    [InlineData("select freshet")]
    [InlineData("select freshet.a from freshet")]
    [InlineData("select * from freshet.games")]
    [InlineData("select * from freshet.games g join x(1) on true")]
    [InlineData("select freshets.invalidate_all()")]
    [InlineData("select \"freshet\".invalidate_all()")]
    [InlineData("select 'freshet.invalidate_all()'")]
    [InlineData("with a as (select freshet.invalidate_all()) select 1")]
    [InlineData("insert into freshet.t(a) values (1)")]
    [InlineData("/* select freshet.invalidate_all() */ select 1")]
    [InlineData("select freshet.invalidate_all")]
    public void Anything_else_is_the_servers(string sql)
    {
        Assert.False(AdminCall.TryRead(Encoding.UTF8.GetBytes(sql), true, out _));
        Assert.False(AdminCall.Begins(Encoding.UTF8.GetBytes(sql), true));
    }

    [Fact]
    public void Every_prefix_and_every_changed_byte_is_read_without_a_fault()
    {
        const string Sql = "select * from freshet.explain(E'a\\u0041''\\'b'\n'c' :: text) ; -- é\n/*/**/*/";
        var text = Encoding.UTF8.GetBytes(Sql);
        for (var end = 0; end <= text.Length; end++)
        {
            AdminCall.TryRead(text.AsSpan(0, end), true, out _);
            AdminCall.TryRead(text.AsSpan(0, end), false, out _);
        }

        for (var at = 0; at < text.Length; at++)
        {
            for (var value = 0; value < 256; value++)
            {
                var changed = text.ToArray();
                changed[at] = (byte)value;
                AdminCall.TryRead(changed, true, out _);
            }
        }
    }

    [Fact]
    public void Bytes_that_are_no_UTF8_come_as_they_are_and_long_ones_whole()
    {
        byte[] text = [.. "select freshet.invalidate_tag('"u8, 0xff, 0xfe, .. "')"u8];
        Assert.True(AdminCall.TryRead(text, true, out var call));
        Assert.Equal([0xff, 0xfe], call.Constant);
        var huge = new string('x', 1_000_000);
        Assert.Equal(1_000_000, Read($"select * from freshet.explain('{huge}')").Constant!.Length);
    }

    [Fact]
    public void Without_standard_conforming_strings_backslashes_are_escapes()
    {
        Assert.True(AdminCall.TryRead("select freshet.invalidate_tag('a\\'b')"u8, false, out var call));
        Assert.Equal("a'b", Encoding.UTF8.GetString(call.Constant!));
    }

    [Theory]
    [InlineData("select freshet.invalidate_all()", true)]
    [InlineData("select * from freshet.explain('select 1')", true)]
    [InlineData("select a, b, freshet.c() from d", false)]
    [InlineData("select 1", false)]
    public void The_scanner_marks_what_may_be_a_call(string sql, bool marked)
    {
        var traits = StatementScanner.Scan(Encoding.UTF8.GetBytes(sql), true).Traits;
        Assert.Equal(marked, (traits & StatementTraits.AdminCall) != 0);
    }

    [Fact]
    public void A_call_is_never_cached()
    {
        foreach (var function in Enum.GetValues<AdminFunction>())
        {
            var sql = Encoding.UTF8.GetBytes(AdminCall.FormOf(function));
            Assert.Equal(RefusalReason.AdminCall, StatementFacts.Read(sql, true).Refusal);
        }
    }

    private static AdminCall Read(string sql)
    {
        Assert.True(AdminCall.TryRead(Encoding.UTF8.GetBytes(sql), true, out var call));
        Assert.True(AdminCall.Begins(Encoding.UTF8.GetBytes(sql), true));
        return call;
    }
}
