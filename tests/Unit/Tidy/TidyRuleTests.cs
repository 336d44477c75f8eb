using Xunit;

namespace Freshet.Tests.Unit.Tidy;

/// <summary>Each rule is seen to fail on a bad sample and to let its good twin pass.</summary>
public sealed class TidyRuleTests
{
    private const string Source = "src/Freshet.Server/Proxy/Sample.cs";
    private const string UnitTest = "tests/Unit/Sample.cs";

    // Put together at run time, or this file would break the rule that they are samples for.
    private static readonly string MachinePath = string.Concat("/", "root", "/project");
    private static readonly string Unfinished = string.Concat("TO", "DO");

    [Fact]
    public void A_file_of_401_lines_is_too_long()
    {
        var lines = string.Concat(Enumerable.Repeat("//\n", SizeRules.MostFileLines));

        Assert.Empty(SizeRules.Check(new SourceFile(Source, lines)));
        Assert.Equal("file-lines", Assert.Single(SizeRules.Check(new SourceFile(Source, lines + "//\n"))).Rule);
    }

    [Fact]
    public void A_line_of_121_columns_is_too_long()
    {
        var line = "//" + new string('é', SizeRules.MostColumns - 2);

        Assert.Empty(SizeRules.Check(new SourceFile(Source, line)));
        Assert.Equal("columns", Assert.Single(SizeRules.Check(new SourceFile(Source, line + "é"))).Rule);
        Assert.Equal("columns", Assert.Single(SizeRules.Check(new SourceFile("test", $"#!/bin/sh\n{line}é"))).Rule);
    }

    [Theory]
    [InlineData("void Long() {{ {0} }}")]
    [InlineData("Sample() {{ {0} }}")]
    [InlineData("int Value {{ get {{ {0} return 1; }} }}")]
    public void A_method_of_71_lines_is_too_long(string member)
    {
        Assert.Empty(SizeRules.Check(Sample(member, SizeRules.MostMethodLines - 1)));
        Assert.Equal("method-lines", Assert.Single(SizeRules.Check(Sample(member, SizeRules.MostMethodLines))).Rule);

        static SourceFile Sample(string member, int breaks) =>
            new(Source, $"class Sample {{ {string.Format(null, member, new string('\n', breaks))} }}");
    }

    [Theory]
    [InlineData("region", "#region A\nclass B { }\n#endregion")]
    [InlineData("partial", "partial class A { void B() { } }")]
    [InlineData("unfinished", "class A { void B() => throw new NotImplementedException(); }")]
    [InlineData("clock", "class A { object B = DateTime.UtcNow; }")]
    [InlineData("clock", "class A { object B = DateTimeOffset.Now; }")]
    public void What_the_style_does_not_take_is_found(string rule, string text) =>
        Assert.Equal(rule, Assert.Single(SyntaxRules.Check(new SourceFile(Source, text))).Rule);

    [Theory]
    [InlineData("partial class A { [LibraryImport(\"c\")] static partial int B(); }")]
    [InlineData("[JsonSerializable(typeof(int))] partial class A { }")]
    [InlineData("class A { string B = \"#region\"; string C = nameof(NotImplementedException); }")]
    [InlineData("class A { object B = TimeProvider.System.GetUtcNow(); }")]
    public void What_only_looks_like_it_passes(string text) =>
        Assert.Empty(SyntaxRules.Check(new SourceFile(Source, text)));

    [Fact]
    public void Unfinished_work_is_found_in_code_and_in_prose()
    {
        var comment = $"// {Unfinished}: later\nclass A {{ }}";
        var documentation = $"/// <summary>{Unfinished}</summary>\nclass A {{ }}";

        Assert.Equal("unfinished", Assert.Single(SyntaxRules.Check(new SourceFile(Source, comment))).Rule);
        Assert.Equal("unfinished", Assert.Single(SyntaxRules.Check(new SourceFile(Source, documentation))).Rule);
        Assert.Equal("unfinished", Assert.Single(SyntaxRules.Check(new SourceFile("README.md", Unfinished))).Rule);
        Assert.Empty(SyntaxRules.Check(new SourceFile("README.md", "done")));
    }

    [Theory]
    [InlineData("class A { void B() => Thread.Sleep(1); }")]
    [InlineData("class A { Task B() => Task.Delay(1); }")]
    public void A_unit_test_does_not_sleep(string text)
    {
        Assert.Equal("sleep", Assert.Single(SyntaxRules.Check(new SourceFile(UnitTest, text))).Rule);
        Assert.Empty(SyntaxRules.Check(new SourceFile("tests/Integration/Sample.cs", text)));
    }

    [Theory]
    [InlineData("src/Freshet.Core/Utils/A.cs", "class A { }")]
    [InlineData("src/Freshet.Core/Wire/A.cs", "class PoolManager { }")]
    [InlineData("src/Freshet.Core/Wire/A.cs", "enum StringHelper { }")]
    public void A_name_that_says_nothing_is_found(string path, string text) =>
        Assert.Equal("name", Assert.Single(NameRules.Check(new SourceFile(path, text))).Rule);

    [Fact]
    public void A_machine_path_or_a_registry_host_is_found()
    {
        var host = string.Concat("https:", "//", "registry.", "example.com/npm/pg.tgz");
        var resolved = string.Concat("\"resolved\"", ": \"https:", "//example.com/pg.tgz\"");

        Assert.Equal("workplace", Assert.Single(NameRules.Check(new SourceFile("a.sh", $"cd {MachinePath}"))).Rule);
        Assert.Equal("workplace", Assert.Single(NameRules.Check(new SourceFile("a.json", host))).Rule);
        Assert.Equal("workplace", Assert.Single(NameRules.Check(new SourceFile("a.json", resolved))).Rule);
        Assert.Empty(NameRules.Check(new SourceFile("a.md", "https://www.postgresql.org/docs/ ./work/x /tmp/x")));
    }

    [Theory]
    [InlineData("src/Freshet.Core/A.cs", "using Freshet.Server.Proxy;")]
    [InlineData("src/Freshet.Server/Proxy/A.cs", "using Freshet.Server.Http;")]
    [InlineData("src/Freshet.Server/Proxy/A.cs", "class A { Freshet.Server.Demo.Traffic? B; }")]
    [InlineData("src/Freshet.Server/Proxy/A.cs", "class A { object B = Freshet.Server.Demo.Traffic.Run(); }")]
    [InlineData("src/Freshet.Server/Http/A.cs", "using Freshet.Server.Cli;")]
    [InlineData("src/Freshet.Core/A.csproj", "<P><ProjectReference Include=\"..\\Freshet.Data.csproj\" /></P>")]
    [InlineData("src/Freshet.Core/A.csproj", "<P><PackageReference Include=\"Npgsql\" /></P>")]
    [InlineData("src/Freshet.New/A.cs", "class A { }")]
    public void A_wrong_arrow_is_found(string path, string text) =>
        Assert.Equal("arrow", Assert.Single(ArrowRules.Check(new SourceFile(path, text))).Rule);

    [Theory]
    [InlineData("src/Freshet.Server/Proxy/A.cs", "using Freshet.Core.Wire; using Freshet.Server.Proxy.Settings;")]
    [InlineData("src/Freshet.Server/Program.cs", "using Freshet.Server.Cli;")]
    [InlineData("src/Freshet.Server/Http/A.cs", "using Freshet.Server.Proxy; namespace Freshet.Server.Http;")]
    [InlineData("tests/Unit/A.cs", "using Freshet.Server.Cli;")]
    public void A_right_arrow_passes(string path, string text) =>
        Assert.Empty(ArrowRules.Check(new SourceFile(path, text)));

    [Theory]
    [InlineData("See [here](missing.md).")]
    [InlineData("See [here](missing.md#part).")]
    [InlineData("It is in `src/Freshet.Nowhere/A.cs`.")]
    [InlineData("Run `./nothing`.")]
    [InlineData("    ./freshet dance --now")]
    public void A_document_that_names_what_is_not_there_is_found(string text) =>
        Assert.Equal("markdown", Assert.Single(Markdown(text)).Rule);

    [Theory]
    [InlineData("See [here](there.md) and [there](https://example.com/x.md).")]
    [InlineData("It is in `src/there.cs`, not in `a/b` or `and/or`.")]
    [InlineData("Run `./freshet up`.")]
    public void A_document_that_names_what_is_there_passes(string text) => Assert.Empty(Markdown(text));

    private static IEnumerable<Finding> Markdown(string text) =>
        MarkdownRules.Check(
            new SourceFile("docs/a.md", text),
            path => path is "docs/there.md" or "src/there.cs" or "freshet",
            new HashSet<string>(StringComparer.Ordinal) { "up" }
        );
}
