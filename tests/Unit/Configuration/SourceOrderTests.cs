using Freshet.Server.Configuration;
using Xunit;

namespace Freshet.Tests.Unit.Configuration;

public sealed class SourceOrderTests
{
    private const string File = """
        { "pool": { "size": 1, "minSize": 1, "waitTimeout": "1s" },
          "databases": { "shop": { "host": "file", "port": 1 } }, "users": { "u": { "password": "p" } } }
        """;

    [Fact]
    public void The_command_line_goes_before_the_environment_and_that_before_the_file()
    {
        var loaded = LoadedText.From(
            File,
            [("--pool-size", "pool.size", "3")],
            new() { ["FRESHET__POOL__SIZE"] = "2", ["FRESHET__POOL__MIN_SIZE"] = "2" }
        );

        var settings = loaded.Good.Settings.ToDictionary(setting => setting.Key, StringComparer.Ordinal);
        Assert.Equal(("3", "--pool-size"), Of("pool.size"));
        Assert.Equal(("2", "environment FRESHET__POOL__MIN_SIZE"), Of("pool.minSize"));
        Assert.Equal("1s", Of("pool.waitTimeout").Value);
        Assert.EndsWith("freshet.json:1", Of("pool.waitTimeout").Origin, StringComparison.Ordinal);
        Assert.Equal(("0s", "default"), Of("pool.queryTimeout"));

        (string Value, string Origin) Of(string key) => (settings[key].Value, settings[key].Origin.ToString());
    }

    [Fact]
    public void The_environment_can_add_to_a_database_and_bring_new_ones_with_their_exact_names()
    {
        var databases = LoadedText
            .From(
                File,
                environment: new()
                {
                    ["FRESHET__DATABASES__shop__PORT"] = "2",
                    ["FRESHET__databases__My_Shop__HOST"] = "env",
                    ["FRESHET__USERS__app_1__PASSWORD"] = "secret",
                }
            )
            .Good.Proxy.Databases;

        Assert.Equal(("file", 2), (databases["shop"].Host, databases["shop"].Port));
        Assert.Equal("env", databases["My_Shop"].Host);
    }

    [Theory]
    [InlineData("FRESHET__POOL__SIZES", "9", "SIZES: pool.SIZES: is not a setting; did you mean pool.size?")]
    [InlineData("FRESHET__POOL__SIZE", "many", "FRESHET__POOL__SIZE: pool.size: is \"many\"")]
    [InlineData("FRESHET__POOL____SIZE", "9", "has an empty level")]
    [InlineData("FRESHET__POOL", "9", "pool: must be an object")]
    public void A_bad_variable_is_named(string name, string value, string expected)
    {
        var loaded = LoadedText.From(File, environment: new() { [name] = value });
        Assert.Contains(expected, loaded.ErrorText, StringComparison.Ordinal);
    }

    [Fact]
    public void Two_spellings_of_one_variable_are_refused()
    {
        var loaded = LoadedText.From(
            File,
            environment: new() { ["FRESHET__POOL__MIN_SIZE"] = "1", ["FRESHET__POOL__MINSIZE"] = "1" }
        );
        Assert.Contains("also set by environment FRESHET__POOL__MINSIZE", loaded.ErrorText, StringComparison.Ordinal);
    }

    [Fact]
    public void A_variable_and_its_own_child_cannot_both_be_set()
    {
        var loaded = LoadedText.From(
            File,
            environment: new() { ["FRESHET__POOL"] = "1", ["FRESHET__POOL__SIZE"] = "1" }
        );
        Assert.Contains("cannot be set together with FRESHET__POOL", loaded.ErrorText, StringComparison.Ordinal);
    }

    [Fact]
    public void What_needs_a_restart_is_named_at_a_reload()
    {
        var started = LoadedText.From(File).Good;
        var next = LoadedText.From(File, [("-", "threads", "1024"), ("-", "pool.size", "9")]).Good;

        var warning = Assert.Single(ReloadRules.NeedRestart(started, next));
        Assert.StartsWith("threads is now 1024", warning, StringComparison.Ordinal);
    }
}
