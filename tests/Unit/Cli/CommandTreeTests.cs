using System.CommandLine;
using System.Diagnostics;
using System.Text.Json;
using Freshet.Server.Cli;
using Freshet.Server.Configuration;
using Xunit;

namespace Freshet.Tests.Unit.Cli;

public sealed class CommandTreeTests
{
    private readonly StringWriter _output = new();
    private readonly StringWriter _error = new();
    private FreshetConfiguration? _started;

    private string Text => _output.ToString() + _error;

    private CommandTree Tree =>
        new(
            new CliParts
            {
                Up = (_, configuration, _, _) =>
                {
                    _started = configuration;
                    return Task.FromResult(ExitCode.Done);
                },
                Check = (_, _, _, _) => Task.FromResult(ExitCode.Findings),
                Commands = [new Command("extra", "Brought by a part")],
            },
            new Terminal(_output, _error)
        );

    [Fact]
    public async Task The_options_of_up_reach_the_configuration()
    {
        var exitCode = await RunAsync(
            "up", "postgres://a:b@h/d", "--listen", "127.0.0.1:1", "--http", "off", "--pool-size", "7", "--pool-mode",
            "session", "--threads", "3", "--auth", "md5", "--json-logs", "--log-level", "debug"
        );

        Assert.Equal(ExitCode.Done, exitCode);
        var proxy = _started!.Proxy;
        Assert.Equal(("127.0.0.1:1", 3), (proxy.Listen[0].ToString(), proxy.Threads));
        Assert.Equal((7, "Session", "Md5"), (
            proxy.AnyDatabase!.Pool.Size, proxy.AnyDatabase.Pool.Mode.ToString(), proxy.Auth.ToString()));
        Assert.Equal((LogFormat.Json, null), (_started.Logs, _started.Http));
    }

    [Theory]
    [InlineData("--help", 0, "[command] [options]")]
    [InlineData("--version", 0, "0.1.0")]
    [InlineData("up --help", 0, "--pool-size")]
    [InlineData("config schema", 0, "json-schema.org")]
    [InlineData("config check postgres://a:b@h/d", 0, "The configuration is good")]
    [InlineData("check postgres://a:b@h/d", 3, "")]
    [InlineData("", 2, "See: freshet --help")]
    [InlineData("nonsense", 2, "'nonsense'")]
    [InlineData("config shw", 2, "See: freshet config --help")]
    [InlineData("up --no-such-option", 2, "Unrecognized option '--no-such-option'.")]
    [InlineData("up --pool-siz 3 postgres://a:b@h/d", 2, "Did you mean --pool-size?")]
    [InlineData("check --pol-size postgres://a:b@h/d", 2, "See: freshet check --help")]
    [InlineData("up postgres://a:b@h/d --threads x --pool-size 0", 2, "the configuration has 2 errors:")]
    [InlineData("cache --help", 0, "invalidate")]
    [InlineData("cache invalidate --help", 0, "--fingerprint")]
    [InlineData("cache invalidate", 2, "none of --tag")]
    [InlineData("cache invalidate --tag a --all", 2, "more than one of --tag")]
    [InlineData("cache invalidate --tag a --http off", 2, "say with --http")]
    [InlineData("cache invalidate --tag a --http 127.0.0.1:1", 1, "nothing answers on http://127.0.0.1:1")]
    [InlineData("cache show --http 0.0.0.0:1", 1, "Start freshet up")]
    [InlineData("cache show --http nonsense", 2, "allowed is ADDRESS:PORT")]
    [InlineData("cache show --http-token-file no/such/file", 2, "cannot be read")]
    [InlineData("explain --help", 0, "--search-path")]
    [InlineData("explain", 2, "See: freshet explain --help")]
    [InlineData("explain select --http 127.0.0.1:1", 1, "nothing answers")]
    [InlineData("check mysql://h", 2, "must start with postgres://")]
    public async Task Exit_codes_and_messages_are_as_documented(string arguments, int expected, string text)
    {
        Assert.Equal(expected, await RunAsync(arguments.Split(' ', StringSplitOptions.RemoveEmptyEntries)));
        Assert.Contains(text, Text, StringComparison.Ordinal);
        Assert.DoesNotContain('\e', Text);
    }

    [Theory]
    [InlineData("postgres://a:xyzzy@h/d")]
    [InlineData("up postgres://a:xyzzy@h/d postgres://a:xyzzy@h/d")]
    [InlineData("up postgres://a:xyzzy@h,/d")]
    [InlineData("up --http postgres://a:xyzzy@h/d postgres://a:xyzzy@h/d")]
    [InlineData("up --nonsense=postgres://a:xyzzy@h/d")]
    [InlineData("up password=xyzzy")]
    [InlineData("check postgres://a:xyzzy%zz@h/d")]
    [InlineData("config show postgres://a:xyzzy@h/d")]
    [InlineData("config show postgres://a:xyzzy@h/d --json")]
    [InlineData("config show postgres://a:xyzzy@h:x/d --json")]
    [InlineData("confg show postgres://a:xyzzy@h/d?password=xyzzy --json")]
    public async Task A_password_on_the_command_line_is_never_printed(string arguments)
    {
        await RunAsync(arguments.Split(' '));
        Assert.NotEmpty(Text);
        Assert.DoesNotContain("xyzzy", Text, StringComparison.OrdinalIgnoreCase);
    }

    [Fact]
    public async Task Errors_are_json_when_asked_for()
    {
        Assert.Equal(2, await RunAsync("up", "postgres://a:b@h/d", "--threads", "0", "--json"));
        var error = JsonDocument.Parse(_error.ToString()).RootElement.GetProperty("error");
        Assert.Equal(2, error.GetProperty("exitCode").GetInt32());
        var first = Assert.Single(error.GetProperty("configuration").EnumerateArray());
        Assert.Equal("threads", first.GetProperty("key").GetString());
        Assert.Equal("--threads", first.GetProperty("source").GetString());
        Assert.Empty(_output.ToString());
    }

    [Theory]
    [InlineData("bash")]
    [InlineData("zsh")]
    [InlineData("fish")]
    [InlineData("pwsh")]
    public async Task Every_command_and_option_is_completed(string shell)
    {
        Assert.Equal(0, await RunAsync("completion", shell));
        string[] words =
        [
            "up", "check", "cache", "invalidate", "explain", "fingerprint", "config", "schema", "extra", "completion",
            "pool-mode", "verify-full",
        ];
        Assert.All(words, word => Assert.Contains(word, _output.ToString(), StringComparison.Ordinal));
    }

    [Fact]
    public async Task The_bash_script_completes()
    {
        await RunAsync("completion", "bash");
        var script = _output + """
            complete_words() { COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _freshet; echo "${COMPREPLY[*]}"; }
            complete_words freshet conf
            complete_words freshet config s
            complete_words freshet cache i
            complete_words freshet cache invalidate --ta
            complete_words freshet up --pool-mode ''
            complete_words freshet -q up --thr
            """;
        using var bash = Process.Start(
            new ProcessStartInfo("bash", ["--norc"])
            {
                UseShellExecute = false,
                RedirectStandardInput = true,
                RedirectStandardOutput = true,
            }
        )!;
        await bash.StandardInput.WriteAsync(script);
        bash.StandardInput.Close();
        var answers = await bash.StandardOutput.ReadToEndAsync();
        await bash.WaitForExitAsync();
        Assert.Equal(
            "config\nshow schema\ninvalidate\n--tag --table\nsession transaction statement\n--threads\n", answers);
    }

    [Theory]
    [InlineData(false, null, null, true)]
    [InlineData(true, null, null, false)]
    [InlineData(false, "1", null, false)]
    [InlineData(false, "", null, true)]
    [InlineData(false, null, "dumb", false)]
    public void Colour_is_off_where_it_is_not_wanted(bool redirected, string? noColor, string? term, bool expected) =>
        Assert.Equal(expected, Terminal.MayColor(redirected, name => name is "NO_COLOR" ? noColor : term));

    private Task<int> RunAsync(params string[] arguments) => Tree.RunAsync(arguments, CancellationToken.None);
}
