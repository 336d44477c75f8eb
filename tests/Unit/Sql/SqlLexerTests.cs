using System.Text;
using Freshet.Core.Sql;
using FsCheck;
using FsCheck.Fluent;
using Xunit;

namespace Freshet.Tests.Unit.Sql;

public class SqlLexerTests
{
    /// <summary>Statements whose tokens are easy to get wrong.</summary>
    internal static readonly string[] Nasty =
    [
        "select 'it''s', \"a\"\"b\", E'x\\'y\\\\', $$ ' \" ; $$, $tag$ $x$ $ta$ $tag$ from t;",
        "select 'a' -- comment with ' in it\n  -- and another\r\n 'b' 'c' -'d' - -- x\n'e'",
        "select U&'\\0061''' , u&\"d\\0061t\" , u & 'x' , u&x, U&\"\"\"\" uescape '!'",
        "select b'01''1', x'ff'\n'ee', n'abc', e'a'\n'\\'b', E''",
        "/* a /* nested * / ** / */ still */ select 1 /**/ /*/ */ / 2 //**/ 3 * /* / */ 4 */ 5",
        "select 1..10, 1.5.3, .5, 1., 1.e5, 1e+5+3, 1e-5, 0x1F, 0b01, 0o17, 1_000, 12a, 5e, 1.., a.b.c, t.*",
        "select $1, $12 $1a, $a$b$a$, x$y$z, a$1, $$$$, $a $b$c$ $b$, $é$'$é$, $ 1",
        "select a<=b, a@-1, a@-- c\n b, x::int[3:4], a#>>'{}', @ -5, a+/* c */b, !~*c",
        "SeLeCt Größe FROM ÄÖÜ WHERE _x1 = 'é' AND "
            + "a_very_long_identifier_that_is_longer_than_sixty_four_bytes_in_all = 1",
        "$a$ $a $a$$a$ $ $a$a$ $b$a $b$",
        "create function f() returns int begin atomic; select case when true then 1 end; end; select 1",
        "select '\\', 'a\\'';\\' -- ",
        "x'1", "'open\n", "\"open", "$q$ open $q", "/* open /* */", "E'\\",
        "'a'\n-", "u&", "1..", "1.", "-", "/", "..", "",
    ];

    private static List<string> Tokens(bool conforming, params ReadOnlySpan<byte[]> chunks)
    {
        var lexer = new SqlLexer(conforming);
        var tokens = new List<string>();
        foreach (var chunk in chunks)
        {
            var position = 0;
            while (lexer.Read(chunk, ref position) is var kind && kind != SqlTokenKind.None) Add(kind, in lexer);
            Assert.Equal(chunk.Length, position);
        }

        while (lexer.Finish() is var kind && kind != SqlTokenKind.None) Add(kind, in lexer);
        return tokens;

        void Add(SqlTokenKind kind, in SqlLexer at) => tokens.Add(kind is SqlTokenKind.Word or SqlTokenKind.QuotedWord
            ? $"{kind}:{at.Word.Length}:{Encoding.UTF8.GetString(at.Word.Kept)}:{at.Word.Head:x}:{at.Word.Tail:x}"
            : kind.ToString());
    }

    private static string Shape(string sql, bool conforming = true)
    {
        var lexer = new SqlLexer(conforming);
        var shape = new StringBuilder();
        var text = Encoding.UTF8.GetBytes(sql);
        var position = 0;
        while (lexer.Read(text, ref position) is var kind && kind != SqlTokenKind.None) Add(kind, in lexer);
        while (lexer.Finish() is var kind && kind != SqlTokenKind.None) Add(kind, in lexer);
        return shape.ToString().TrimEnd();

        void Add(SqlTokenKind kind, in SqlLexer at) => shape.Append(kind switch
        {
            SqlTokenKind.Word => Encoding.UTF8.GetString(at.Word.Kept),
            SqlTokenKind.QuotedWord => $"\"{Encoding.UTF8.GetString(at.Word.Kept)}\"",
            SqlTokenKind.UnicodeWord => "U\"",
            SqlTokenKind.String => "S",
            SqlTokenKind.Number => "N",
            SqlTokenKind.Parameter => "P",
            SqlTokenKind.Operator => "o",
            SqlTokenKind.Dot => ".",
            SqlTokenKind.Comma => ",",
            SqlTokenKind.OpenParenthesis => "(",
            SqlTokenKind.CloseParenthesis => ")",
            SqlTokenKind.Semicolon => ";",
            SqlTokenKind.Other => "?",
            _ => "!",
        }).Append(' ');
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Every_split_point_gives_the_same_tokens(bool conforming)
    {
        foreach (var sql in Nasty)
        {
            var text = Encoding.UTF8.GetBytes(sql);
            var whole = Tokens(conforming, text);
            for (var first = 0; first <= text.Length; first++)
            {
                Assert.Equal(whole, Tokens(conforming, text[..first], text[first..]));
                var second = Math.Min(text.Length, first + 1);
                Assert.Equal(whole, Tokens(conforming, text[..first], text[first..second], [], text[second..]));
            }

            Assert.Equal(whole, Tokens(conforming, [.. text.Select(value => new[] { value })]));
        }
    }

    [Fact]
    public void Any_text_splits_anywhere_into_the_same_tokens()
    {
        var pieces = Gen.Elements("'", "\"", "$", "$$", "$a$", "a", "B", "e", "E'", "U&", "n'", "x'", "\\", "/", "*",
            "--", "\n", " ", "1", ".", "e+", "0x", ";", "(", "&", "é", "_", "abcdefghijklmnop");
        var texts = pieces.ArrayOf().Select(string.Concat).ToArbitrary();
        Prop.ForAll(texts, ArbMap.Default.ArbFor<NonNegativeInt>(), (sql, at) =>
        {
            var text = Encoding.UTF8.GetBytes(sql);
            var split = text.Length == 0 ? 0 : at.Get % text.Length;
            return Same(true) && Same(false);

            bool Same(bool conforming) => Tokens(conforming, text)
                .SequenceEqual(Tokens(conforming, text[..split], text[split..]), StringComparer.Ordinal);
        }).QuickCheckThrowOnFailure();
    }

    [Theory]
    [InlineData("'a''b' 'c'", "S S")]
    [InlineData("'a' \n 'b'", "S")]
    [InlineData("'a' -- x\n -- ' y\n 'b'", "S")]
    [InlineData("'a' /* \n */ 'b'", "S S")]
    [InlineData("'a'\n-1", "S o N")]
    [InlineData("'a\\' 'b", "S !")]
    [InlineData("E'a\\'b' c", "S c")]
    [InlineData("e'a'\n'\\'b' c", "S c")]
    [InlineData("ee'a'", "ee S")]
    [InlineData("b'0''1'", "S S")]
    [InlineData("n'a''b'", "S")]
    [InlineData("U&'a' u&\"b\" u&c u", "S U\" u o c u")]
    [InlineData("\"A\"\"b\" Ab", "\"A\"b\" ab")]
    [InlineData("$$ ' $$ $a$ $b$ $$ $a$", "S S")]
    [InlineData("a$b$ c$$ 1$$x$$", "a$b$ c$$ N S")]
    [InlineData("$1 $2", "P P")]
    [InlineData("$a b", "? b")]
    [InlineData("1..10 1.5.3 .5 1. 1e+5+3 1e5.5", "N o N N N N N N o N N N")]
    [InlineData("0x1e+5", "N o N")]
    [InlineData("a.b.*", "a . b . o")]
    [InlineData("a--b\nc", "a c")]
    [InlineData("a@--b\nc", "a o c")]
    [InlineData("a*/**/b", "a o b")]
    [InlineData("/* /* */ ' */ a", "a")]
    [InlineData("/*/ */a", "a")]
    [InlineData("/* // * **/a", "a")]
    [InlineData("/*", "!")]
    [InlineData("(a,b);[1]", "( a , b ) ; o N o")]
    [InlineData("\v\f\r\n\ta", "a")]
    public void Tokens_are_those_of_the_server(string sql, string expected) => Assert.Equal(expected, Shape(sql));

    [Theory]
    [InlineData("'a\\'b' c", "S c")]
    [InlineData("n'a\\'b' c", "S c")]
    [InlineData("b'\\' c", "S c")]
    public void Backslashes_escape_in_plain_strings_while_strings_do_not_conform(string sql, string expected) =>
        Assert.Equal(expected, Shape(sql, conforming: false));

    [Fact]
    public void A_dollar_tag_that_is_too_long_to_compare_is_admitted()
    {
        var lexer = new SqlLexer(standardConformingStrings: true);
        var position = 0;
        var tag = $"${new string('t', 65)}$";
        Assert.Equal(SqlTokenKind.None, lexer.Read(Encoding.ASCII.GetBytes(tag + "x" + tag), ref position));
        Assert.True(lexer.IsLost);
        lexer = new(standardConformingStrings: true);
        position = 0;
        tag = $"${new string('t', 64)}$";
        Assert.Equal(SqlTokenKind.String, lexer.Read(Encoding.ASCII.GetBytes(tag + "x" + tag), ref position));
    }
}
