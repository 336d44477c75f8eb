using System.Text;
using Freshet.Server.Proxy.Clients;
using Freshet.Server.Proxy.Relay;
using Freshet.Server.Proxy.State;
using Xunit;

namespace Freshet.Tests.Unit.Proxy.Relay;

public sealed class SettingNamesTests
{
    private static string Names(SessionState state) =>
        string.Join(' ', (state.CustomNames ?? []).Order(StringComparer.Ordinal));

    [Theory]
    [InlineData("set my.x = 1", "my.x")]
    [InlineData("RESET My.X", "my.x")]
    [InlineData("set session a.b to 1; set  local c.d = 2;reset e.f", "a.b c.d e.f")]
    [InlineData("do $$ begin set \"A\" . \"B\" = 1; end $$", "a.b")]
    [InlineData("set search_path = a.b", "")]
    [InlineData("offset a.b", "")]
    [InlineData("set Élan.à = 1; set b.c = 2", "b.c \u00c3\u0089lan.\u00c3\u00a0")]
    [InlineData("set x to 'y'", "")]
    [InlineData("update t set t.x = 1", "t.x")]
    [InlineData("", "")]
    public void Names_with_a_dot_are_found_where_they_are_set(string sql, string names)
    {
        var state = new SessionState();
        Assert.Equal(names.Length > 0, CustomSettingNames.Note(Encoding.UTF8.GetBytes(sql), state));
        Assert.Equal(names, Names(state));
    }

    [Theory]
    [InlineData("set ")]
    [InlineData("set session ")]
    [InlineData("set a .")]
    [InlineData("set a")]
    [InlineData("set \"a\" ")]
    [InlineData("reset a$a.a ")]
    [InlineData(" \t\n")]
    [InlineData("a.")]
    [InlineData("\u00a0")]
    [InlineData("\u0085\"")]
    [InlineData("set")]
    public void Hostile_texts_cost_no_more_than_the_time_limit_of_the_pattern(string piece)
    {
        // The pattern's own limit throws when backtracking gets out of hand; nothing here may come near it.
        string sql = string.Concat(Enumerable.Repeat(piece, 256 * 1024 / piece.Length));
        var state = new SessionState();
        _ = CustomSettingNames.Note(Encoding.Latin1.GetBytes(sql), state);
        _ = CustomSettingNames.Note(Encoding.Latin1.GetBytes("set " + sql + "="), state);
        Assert.InRange(state.CustomNames?.Count ?? 0, 0, SessionState.MostCustomNames);
    }

    [Fact]
    public void More_names_than_can_be_remembered_pin_the_session()
    {
        var state = new SessionState();
        IEnumerable<int> numbers = Enumerable.Range(0, SessionState.MostCustomNames + 1);
        string sql = string.Concat(numbers.Select(i => $"set a.b{i} = 1;"));
        Assert.True(CustomSettingNames.Note(Encoding.UTF8.GetBytes(sql), state));
        Assert.Equal(SessionState.MostCustomNames, state.CustomNames!.Count);
        Assert.True(state.HasUnknownSetting);
    }

    [Theory]
    [InlineData("select set_config('a.b', 'x', false)", true, "a.b")]
    [InlineData("select set_config('a.b', 'x', true)", false, "")]
    [InlineData("select SET_CONFIG ( 'search_path' , f(1, 2) , TRUE )", false, "")]
    [InlineData("select set_config('work_mem', 'a,''b', false)", true, "")]
    [InlineData("select set_config('a.b', 'x', true), set_config('c.d', 'y', false)", true, "c.d")]
    [InlineData("select set_config('a.b', 'x', not false)", true, "a.b")]
    [InlineData("select 1", true, "")]
    [InlineData("", true, "")]
    public void Calls_of_set_config_with_literals_are_understood(string sql, bool lasting, string names)
    {
        var state = new SessionState();
        Assert.Equal(lasting, SetConfigCalls.Read(Encoding.UTF8.GetBytes(sql), state));
        Assert.Equal(names, Names(state));
        Assert.Equal(PinReasons.None, state.Pins);
    }

    [Theory]
    [InlineData("select set_config(n, v, false)")]
    [InlineData("select set_config('a'||'.b', v, false) from set_config")]
    [InlineData("select set_config")]
    [InlineData("select set_config(E'a\\'.b', 'x', false)")]
    [InlineData("select set_config('a\\', 'x', false)")]
    [InlineData("select set_config('a")]
    [InlineData("create function f() returns int set a.b = 1 as 'set_config'")]
    public void Calls_that_cannot_be_understood_may_last(string sql)
    {
        var state = new SessionState();
        Assert.True(SetConfigCalls.Read(Encoding.UTF8.GetBytes(sql), state));
    }

    [Fact]
    public void A_name_that_is_no_literal_pins_the_session()
    {
        var state = new SessionState();
        Assert.True(SetConfigCalls.Read("select set_config(n, v, true)"u8, state));
        Assert.True(state.HasUnknownSetting);
    }

    [Fact]
    public void Names_beyond_ASCII_are_kept_byte_for_byte()
    {
        var state = new SessionState();
        SetConfigCalls.Read(Encoding.UTF8.GetBytes("select set_config('my.é', 'x', false)"), state);
        Assert.Equal("my.é", Encoding.UTF8.GetString(Encoding.Latin1.GetBytes(Names(state))));
    }
}
