using System.Text;
using Freshet.Core.Sql.Analysis;
using Xunit;

namespace Freshet.Tests.Unit.Sql.Analysis;

public sealed class StatementHintTests
{
    [Theory]
    [InlineData("/* freshet: {0} */ select 1")]
    [InlineData("select 1 /* freshet: {0} */")]
    [InlineData("select 1 /* freshet: {0} */;")]
    [InlineData("select 1; /* freshet: {0} */")]
    [InlineData("select 'x' /* freshet: {0} */")]
    [InlineData("select \"x\" -- a remark\n/* Freshet: {0} */")]
    public void A_hint_is_found_before_and_behind_the_statement(string sql)
    {
        var hint = Find(sql.Replace(
            "{0}", "max_age=30 stale_while_revalidate=1.5 tags=games,live profile=players key=players:42 mode=strict",
            StringComparison.Ordinal));

        Assert.NotNull(hint);
        Assert.Equal(TimeSpan.FromSeconds(30), hint.MaxAge);
        Assert.Equal(TimeSpan.FromSeconds(1.5), hint.StaleWhileRevalidate);
        Assert.Equal(["games", "live"], hint.Tags);
        Assert.Equal("players", hint.Profile);
        Assert.Equal("players:42", hint.Key);
        Assert.Equal("strict", hint.Mode);
        Assert.Empty(hint.Errors);
    }

    [Theory]
    [InlineData("select '/* freshet: mode=off */'")]
    [InlineData("select \"/* freshet: mode=off */\"")]
    [InlineData("select $$/* freshet: mode=off */$$")]
    [InlineData("select /* freshet: mode=off */ 1")]
    [InlineData("select 1")]
    public void What_stands_inside_is_no_hint(string sql) => Assert.Null(Find(sql));

    [Fact]
    public void What_is_not_understood_is_told_and_ignored()
    {
        var hint = Find("select 1 /* freshet: max_age=soon mode=fast cache=off rubbish max_age=-1 */");

        Assert.NotNull(hint);
        Assert.Equal("off", hint.Mode);
        Assert.Null(hint.MaxAge);
        Assert.Equal(["max_age=soon", "mode=fast", "rubbish", "max_age=-1"], hint.Errors);
    }

    [Fact]
    public void Tags_and_names_beyond_their_limits_are_told_and_ignored()
    {
        var (longest, tooLong) = (new string('a', 64), new string('b', 65));
        var hint = Find(
            $"select 1 /* freshet: tags={longest},{tooLong},x,x profile={tooLong} key={new string('k', 256)} */");

        Assert.NotNull(hint);
        Assert.Equal([longest, "x"], hint.Tags);
        Assert.Null(hint.Profile);
        Assert.Equal(256, hint.Key!.Length);
        Assert.Equal([$"tags={tooLong}", $"profile={tooLong}"], hint.Errors);

        hint = Find(
            $"select 1 /* freshet: tags={string.Join(',', Enumerable.Range(1, 18))} key={new string('k', 257)} */");
        Assert.Equal(16, hint!.Tags.Length);
        Assert.Null(hint.Key);
        Assert.Equal(["tags=17", "tags=18", $"key={new string('k', 96)}…"], hint.Errors);
    }

    [Fact]
    public void A_hint_of_rubbish_keeps_its_first_errors_only()
    {
        var hint = Find($"select 1 /* freshet: {string.Join(' ', Enumerable.Range(0, 10_000))} */");
        Assert.Equal(16, hint!.Errors.Length);
    }

    private static StatementHint? Find(string sql) => StatementFacts.Read(Encoding.UTF8.GetBytes(sql), true).Hint;
}
