using System.Globalization;
using System.Text;
using Freshet.Server.Proxy.State;
using FsCheck;
using FsCheck.Fluent;
using Xunit;

namespace Freshet.Tests.Unit.Proxy.State;

public sealed class SettingsSetTests
{
    private static readonly string[] s_names =
        ["search_path", "timezone", "my.x", "my.q\"uote", "role", "session_authorization", "work_mem"];

    private static readonly string[] s_values =
        ["", "a", "it's", "back\\slash", "'';drop", "\\'", "Ã©", "\"A b\", c", "none", "x;y", "a,b)"];

    private static SettingsSet Of(params (string Name, string Value)[] settings) =>
        SettingsSet.Of(settings.Select(setting => new KeyValuePair<string, string>(setting.Name, setting.Value)));

    private static SettingsSet Pick(int seed)
    {
        var random = new Random(seed);
        return SettingsSet.Of(s_names.Where(_ => random.Next(2) == 0)
            .Select(name => new KeyValuePair<string, string>(name, s_values[random.Next(s_values.Length)])));
    }

    [Fact]
    public void Sets_are_equal_when_their_settings_are_whatever_the_order_and_the_case_of_names()
    {
        SettingsSet one = Of(("TimeZone", "UTC"), ("a.b", "1"));
        SettingsSet other = Of(("A.B", "1"), ("timezone", "UTC"));
        Assert.Equal(one, other);
        Assert.Equal(one.GetHashCode(), other.GetHashCode());
        Assert.NotEqual(one, Of(("timezone", "utc"), ("a.b", "1")));
        Assert.NotEqual(one, Of(("timezone", "UTC")));
        Assert.False(one.Equals(null));
        Assert.Same(SettingsSet.Empty, Of());
    }

    [Fact]
    public void Of_two_values_of_one_name_the_later_counts() =>
        Assert.Equal("2", Of(("x", "1"), ("X", "2")).Find("x"));

    [Fact]
    public void Names_are_folded_from_A_to_Z_only() =>
        Assert.Equal("1", Of(("my.\u00c3\u0089Z", "1")).Find("my.\u00c3\u0089z"));

    [Fact]
    public void With_and_Without_change_nothing_where_nothing_is_to_change()
    {
        SettingsSet set = Of(("x", "1"));
        Assert.Same(set, set.With("x", "1"));
        Assert.Same(set, set.Without("y"));
        Assert.Same(SettingsSet.Empty, set.Without("x"));
        Assert.Equal(Of(("x", "2")), set.With("x", "2"));
        Assert.Equal(Of(("x", "1"), ("y", "")), set.With("y", ""));
    }

    [Fact]
    public void Reset_goes_back_to_what_the_session_started_with()
    {
        SettingsSet baseline = Of(("x", "start"));
        Assert.Equal("start", Of(("x", "1")).Reset("x", baseline).Find("x"));
        Assert.Null(Of(("y", "1")).Reset("y", baseline).Find("y"));
    }

    [Theory]
    [InlineData("", "''")]
    [InlineData("it's", "'it''s'")]
    [InlineData("a\\b", "E'a\\\\b'")]
    [InlineData("\\'", "E'\\\\'''")]
    public void Literals_are_right_under_either_value_of_standard_conforming_strings(string value, string literal) =>
        Assert.Equal(literal, SettingsSet.QuoteLiteral(value));

    [Fact]
    public void The_SQL_between_two_sets_makes_the_one_of_the_other() =>
        Prop.ForAll<int, int>((from, to) =>
        {
            SettingsSet present = Pick(from);
            SettingsSet wanted = Pick(to);
            Dictionary<string, string> server = present.Settings.ToArray().ToDictionary(StringComparer.Ordinal);
            Apply(wanted.SqlFrom(present), server);
            Assert.Equal(wanted, SettingsSet.Of(server));
        }).QuickCheckThrowOnFailure();

    [Fact]
    public void The_role_goes_first_and_comes_back_last()
    {
        string sql = Of(("role", "bob"), ("x", "1")).SqlFrom(Of(("role", "eve"), ("y", "2")));
        Assert.Equal(
            "RESET ROLE;RESET \"y\";SELECT pg_catalog.set_config('x','1',false);"
            + "SELECT pg_catalog.set_config('role','bob',false)",
            sql);
    }

    [Fact]
    public void Equal_sets_need_no_SQL() => Assert.Empty(Of(("x", "1")).SqlFrom(Of(("x", "1"))));

    /// <summary>A server that knows just what is sent here.</summary>
    private static void Apply(string sql, Dictionary<string, string> server)
    {
        int at = 0;
        while (at < sql.Length)
        {
            if (Take(sql, ref at, ";") || Take(sql, ref at, "SELECT ") || Take(sql, ref at, ","))
            {
                continue;
            }

            if (Take(sql, ref at, "RESET ROLE"))
            {
                server.Remove("role");
            }
            else if (Take(sql, ref at, "RESET SESSION AUTHORIZATION"))
            {
                server.Remove("session_authorization");
                server.Remove("role"); // the server does so, too
            }
            else if (Take(sql, ref at, "RESET "))
            {
                string name = Quoted(sql, ref at, '"', backslashes: false);
                while (Take(sql, ref at, "."))
                {
                    name += "." + Quoted(sql, ref at, '"', backslashes: false);
                }

                Assert.True(server.Remove(name), name);
            }
            else
            {
                Assert.True(Take(sql, ref at, "pg_catalog.set_config("), sql[at..]);
                string name = Literal(sql, ref at);
                Assert.True(Take(sql, ref at, ","));
                server[name] = Literal(sql, ref at);
                Assert.True(Take(sql, ref at, ",false)"));
            }
        }
    }

    private static bool Take(string sql, ref int at, string word)
    {
        bool there = string.CompareOrdinal(sql, at, word, 0, word.Length) == 0;
        at += there ? word.Length : 0;
        return there;
    }

    private static string Literal(string sql, ref int at)
    {
        bool escaped = Take(sql, ref at, "E");
        string value = Quoted(sql, ref at, '\'', escaped);
        Assert.True(escaped || !value.Contains('\\', StringComparison.Ordinal), "depends on a setting: " + value);
        return value;
    }

    private static string Quoted(string sql, ref int at, char quote, bool backslashes)
    {
        Assert.Equal(quote.ToString(CultureInfo.InvariantCulture), sql.Substring(at++, 1));
        var value = new StringBuilder();
        while (true)
        {
            char c = sql[at++];
            if (c == quote && (at == sql.Length || sql[at] != quote))
            {
                return value.ToString();
            }

            at += c == quote || (backslashes && c == '\\') ? 1 : 0;
            value.Append(sql[at - 1]);
        }
    }
}
