using System.Text;
using Freshet.Core.Sql;
using Xunit;

namespace Freshet.Tests.Unit.Sql;

public class LoneStatementTests
{
    private static byte[] Bytes(string sql) => Encoding.UTF8.GetBytes(sql);

    [Theory]
    [InlineData("SET x = 1", "x", "1")]
    [InlineData("  /* c */ set Search_Path TO Foo ; -- end", "search_path", "foo")]
    [InlineData("SET SESSION x TO 'it''s'", "x", "it's")]
    [InlineData("SET x = 'a' -- comment\n;", "x", "a")]
    [InlineData("SET x TO DEFAULT;", "x", null)]
    [InlineData("SET x TO -5", "x", "-5")]
    [InlineData("SET x=-5", "x", "-5")]
    [InlineData("SET x TO +007", "x", "7")]
    [InlineData("SET x TO 1.50", "x", "1.50")]
    [InlineData("SET x TO -3000000000", "x", "-3000000000")]
    [InlineData("SET x TO ON", "x", "on")]
    [InlineData("SET My.\"X\" TO y", "my.x", "y")]
    [InlineData("SET \"DateStyle\" TO ISO, DMY", "datestyle", "iso, dmy")]
    [InlineData("SET search_path TO 'a,b'", "search_path", "\"a,b\"")]
    [InlineData("SET search_path TO ''", "search_path", "\"\"")]
    [InlineData("SET search_path TO a, \"B\", 'c d', '\"', \"$user\"",
        "search_path", "a, \"B\", \"c d\", \"\"\"\", \"$user\"")]
    [InlineData("SET x TO 'a,b'", "x", "a,b")]
    [InlineData("SET x TO 'é'", "x", "é")]
    [InlineData("SET x TO 'a\\b'", "x", "a\\b")]
    public void A_plain_SET_is_read_as_set_config_takes_it(string sql, string name, string? value)
    {
        Assert.True(LoneStatement.TryParseSet(Bytes(sql), true, out var actualName, out var actualValue));
        Assert.Equal(name, actualName);
        Assert.Equal(value, actualValue);
    }

    [Theory]
    [InlineData("")]
    [InlineData("SET")]
    [InlineData("SET x")]
    [InlineData("SET x =")]
    [InlineData("SET x = 1; SELECT 1")]
    [InlineData("SELECT 1; SET x = 1")]
    [InlineData("SET x = 1 2")]
    [InlineData("SET x = a,")]
    [InlineData("SET x = ,a")]
    [InlineData("SET LOCAL x = 1")]
    [InlineData("SET local.x = 1")]
    [InlineData("SET TIME ZONE 'UTC'")]
    [InlineData("SET NAMES 'utf8'")]
    [InlineData("SET ROLE bob")]
    [InlineData("SET role TO bob")]
    [InlineData("SET \"ROLE\" TO bob")]
    [InlineData("SET SESSION AUTHORIZATION bob")]
    [InlineData("SET session_authorization TO bob")]
    [InlineData("SET SESSION CHARACTERISTICS AS TRANSACTION READ ONLY")]
    [InlineData("SET TRANSACTION READ ONLY")]
    [InlineData("SET transaction_isolation TO serializable")]
    [InlineData("SET seed TO 0.5")]
    [InlineData("SET SCHEMA 'x'")]
    [InlineData("SET x FROM CURRENT")]
    [InlineData("SET x TO DEFAULT, a")]
    [InlineData("SET x TO a, DEFAULT")]
    [InlineData("SET x TO E'a'")]
    [InlineData("SET x TO U&'a'")]
    [InlineData("SET x TO $$a$$")]
    [InlineData("SET x TO 'a'\n'b'")]
    [InlineData("SET x TO 'a' -- it's\n")]
    [InlineData("SET x TO 'a")]
    [InlineData("SET x TO 0x10")]
    [InlineData("SET x TO 1_000")]
    [InlineData("SET x TO 1..")]
    [InlineData("SET x TO - a")]
    [InlineData("SET x TO u&\"a\"")]
    [InlineData("SET search_path TO pg_temp, a")]
    [InlineData("SET x TO interval '1' hour")]
    [InlineData("RESET x")]
    public void Any_other_SET_is_left_to_the_server(string sql) =>
        Assert.False(LoneStatement.TryParseSet(Bytes(sql), true, out _, out _));

    [Fact]
    public void A_backslash_in_a_value_is_left_to_the_server_while_strings_do_not_conform()
    {
        Assert.False(LoneStatement.TryParseSet(Bytes("SET x TO 'a\\b'"), false, out _, out _));
        Assert.True(LoneStatement.TryParseSet(Bytes("SET x TO 'a'"), false, out _, out _));
    }

    [Fact]
    public void A_name_or_value_that_is_not_UTF8_is_left_to_the_server()
    {
        Assert.False(LoneStatement.TryParseSet("SET x TO '\u00e9'"u8[..^2], true, out _, out _));
        Assert.False(LoneStatement.TryParseSet([.. "SET x TO '"u8, 0xE9, (byte)'\''], true, out _, out _));
        Assert.False(LoneStatement.TryParseExecute([.. "EXECUTE a"u8, 0xE9], true, out _));
    }

    [Theory]
    [InlineData("RESET x", "x")]
    [InlineData("reset My.X;", "my.x")]
    [InlineData("RESET ALL", null)]
    [InlineData("RESET ROLE", null)]
    [InlineData("RESET SESSION AUTHORIZATION", null)]
    [InlineData("RESET TIME ZONE", null)]
    [InlineData("RESET x y", null)]
    [InlineData("RESET x; RESET y", null)]
    public void A_RESET_names_one_setting(string sql, string? name)
    {
        Assert.Equal(name is not null, LoneStatement.TryParseReset(Bytes(sql), true, out var actual));
        if (name is not null) Assert.Equal(name, actual);
    }

    [Theory]
    [InlineData("PREPARE P AS SELECT 1", "p")]
    [InlineData("prepare \"P\"\"x\" (int, numeric(10,2)) as select $1;", "P\"x")]
    [InlineData("PREPARE transaction AS SELECT 1", "transaction")]
    [InlineData("PREPARE TRANSACTION 'x'", null)]
    [InlineData("PREPARE p AS", null)]
    [InlineData("PREPARE p AS SELECT 1; SELECT 2", null)]
    [InlineData("PREPARE p AS SELECT 'open", null)]
    [InlineData("PREPARE p (int AS SELECT 1", null)]
    [InlineData("PREPARE u&\"p\" AS SELECT 1", null)]
    public void A_PREPARE_names_its_statement(string sql, string? name)
    {
        Assert.Equal(name is not null, LoneStatement.TryParsePrepare(Bytes(sql), true, out var actual));
        if (name is not null) Assert.Equal(name, actual);
    }

    [Theory]
    [InlineData("EXECUTE p", "p")]
    [InlineData("execute P (1, f(2), ')');", "p")]
    [InlineData("EXECUTE \"a b\"()", "a b")]
    [InlineData("EXECUTE p; SELECT 1", null)]
    [InlineData("EXECUTE p(1; 2)", null)]
    [InlineData("EXECUTE p(1", null)]
    [InlineData("EXECUTE p 1", null)]
    [InlineData("EXECUTE", null)]
    [InlineData("EXECUTE \"\"", null)]
    public void An_EXECUTE_names_its_statement(string sql, string? name)
    {
        Assert.Equal(name is not null, LoneStatement.TryParseExecute(Bytes(sql), true, out var actual));
        if (name is not null) Assert.Equal(name, actual);
    }

    [Theory]
    [InlineData("DEALLOCATE p", true, "p")]
    [InlineData("DEALLOCATE PREPARE P;", true, "p")]
    [InlineData("DEALLOCATE prepare", true, "prepare")]
    [InlineData("DEALLOCATE ALL", true, null)]
    [InlineData("DEALLOCATE PREPARE ALL", true, null)]
    [InlineData("DEALLOCATE \"all\"", true, "all")]
    [InlineData("DEALLOCATE", false, null)]
    [InlineData("DEALLOCATE a, b", false, null)]
    [InlineData("DEALLOCATE a; SELECT 1", false, null)]
    public void A_DEALLOCATE_names_one_statement_or_all(string sql, bool taken, string? name)
    {
        Assert.Equal(taken, LoneStatement.TryParseDeallocate(Bytes(sql), true, out var actual));
        if (taken) Assert.Equal(name, actual);
    }

    [Fact]
    public void Names_are_cut_to_63_bytes_between_characters()
    {
        var name = new string('a', 62) + "éx";
        Assert.True(LoneStatement.TryParseExecute(Bytes("EXECUTE " + name), true, out var cut));
        Assert.Equal(new string('a', 62), cut);
        Assert.True(LoneStatement.TryParseExecute(Bytes("EXECUTE " + new string('b', 70)), true, out cut));
        Assert.Equal(new string('b', 63), cut);
    }
}
