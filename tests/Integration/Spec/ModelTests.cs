using System.Text.RegularExpressions;
using Xunit;

namespace Freshet.Tests.Integration.Spec;

/// <summary>The models of <c>docs/spec</c>, checked by spin: with all rules no promise is broken, and without any one
/// of them one is. <c>./test --long</c> looks at more commits and more breaks.</summary>
public sealed class ModelTests
{
    private const string CommandMark = "$ docs/spec/check ";

    private static readonly string[] Small =
    [
        "cache", "cache -DSTRICT", "cache -DKEYS -DCOMMITS=1", "cache -DFINE_HIT -DCOMMITS=1",
        "cache -DFINE_FILL -DCOMMITS=1", "cache -DKEYS -DFINE_HIT -DCOMMITS=1", "cache -DKEYS -DFINE_FILL -DCOMMITS=1",
        "transactions", "staleness", "epochs", "epochs -DCOMMITS=1 -DBREAKS=2", "definitions", "definitions -DSTREAMED",
        "nodes -DCOMMITS=1",
    ];

    private static readonly string[] Large =
    [
        "cache -DKEYS", "cache -DFINE_FILL", "epochs -DBREAKS=2", "nodes", "definitions -DWRITES=4",
        "definitions -DSTREAMED -DWRITES=4", "staleness -DTICKS=6 -DCOMMITS=5",
    ];

    /// <summary>What sets a size.</summary>
    private static readonly string[] Sizes = ["COMMITS", "BREAKS", "TICKS", "WRITES"];

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    private static bool IsLong => Environment.GetEnvironmentVariable("FRESHET_TEST_LONG") is "1";

    private static string[] Counterexamples { get; } =
        [.. Directory.GetFiles(Path.Combine(ModelCheck.Folder, "counterexamples"), "*.txt").Order()];

    [Fact]
    public async Task With_all_rules_no_promise_is_broken()
    {
        string[] runs = IsLong ? [.. Small, .. Large] : Small;

        var findings = await ModelCheck.RunAllAsync(
            runs, (_, check) => check.ExitCode == 0 ? null : $"exit code {check.ExitCode}", Cancellation);

        Assert.Empty(findings);
    }

    [Fact]
    public async Task Without_a_rule_a_promise_is_broken_in_the_way_that_is_written_down()
    {
        var written = Counterexamples.Select(File.ReadAllText).ToDictionary(Command, StringComparer.Ordinal);

        var findings = await ModelCheck.RunAllAsync(
            written.Keys,
            (arguments, check) => check.ExitCode != 1 ? $"exit code {check.ExitCode}"
                : string.Equals(check.Output, written[arguments], StringComparison.Ordinal) ? null
                : "another counterexample than the file's",
            Cancellation);

        Assert.Empty(findings);
    }

    [Fact]
    public void Each_switch_of_a_model_has_its_counterexample()
    {
        var tried = Counterexamples.Select(file => Command(File.ReadAllText(file))).Concat(Small).ToArray();
        foreach (var model in Directory.GetFiles(ModelCheck.Folder, "*.pml"))
        {
            var name = Path.GetFileNameWithoutExtension(model);
            var switches = Regex.Matches(
                File.ReadAllText(model),
                @"(?<=^#ifn?def |\bdefined\()\w+",
                RegexOptions.Multiline,
                TimeSpan.FromSeconds(5));
            var untried = switches
                .Select(found => found.Value)
                .Except(Sizes)
                .Where(found => !tried.Any(run =>
                    run.Split(' ').Contains(name) && run.Split(' ').Contains($"-D{found}")));
            Assert.Empty(untried);
        }
    }

    /// <summary>Its first line says how it was found.</summary>
    private static string Command(string counterexample)
    {
        Assert.StartsWith(CommandMark, counterexample, StringComparison.Ordinal);
        return counterexample[CommandMark.Length..counterexample.IndexOf('\n', StringComparison.Ordinal)];
    }
}
