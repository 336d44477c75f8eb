using System.Diagnostics;
using System.Text.Json.Nodes;
using Freshet.Server.Demo;
using Xunit;

namespace Freshet.Tests.Integration.Demo;

/// <summary>Runs the real command as a user would: a process of its own, output captured.</summary>
public sealed class DemoCommandTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Compares_both_sides_and_leaves_nothing_behind()
    {
        using var root = new TemporaryRoot();
        var run = await RunAsync(root.Path, process => process.WaitForExitAsync(Cancellation), "--seconds", "4");
        Assert.True(run.ExitCode == 0, run.Errors);

        var report = JsonNode.Parse(run.Output)!;
        Assert.Equal(1, (int?)report["format"]);
        Assert.True((int?)report["rows"] >= 500_000);
        foreach (var pattern in report["patterns"]!.AsArray())
        {
            Assert.True((long?)pattern!["direct"]!["requests"] > 0, run.Output);
            Assert.True((long?)pattern["freshet"]!["requests"] > 0, run.Output);
            Assert.InRange((int?)pattern["freshet"]!["peak_server_connections"] ?? 0, 1, 8);
            Assert.Equal(0, (long?)pattern["freshet"]!["errors"]);
        }
        Assert.Empty(root.Clusters());
    }

    [Fact]
    public async Task A_signal_while_it_starts_stops_it_and_leaves_nothing_behind()
    {
        using var root = new TemporaryRoot();
        var run = await RunAsync(
            root.Path,
            async process =>
            {
                while (root.Clusters().Length == 0 && !process.HasExited)
                    await Task.Delay(10, Cancellation);
                LinuxProcess.Signal(process.Id, LinuxProcess.SignalTerminate);
                await process.WaitForExitAsync(Cancellation);
            });
        Assert.True(run.ExitCode == 130, run.Errors);
        Assert.Empty(root.Clusters());
    }

    [Fact]
    public async Task A_missing_temporary_folder_is_named()
    {
        using var root = new TemporaryRoot();
        var missing = Path.Combine(root.Path, "missing");
        var run = await RunAsync(missing, process => process.WaitForExitAsync(Cancellation));
        Assert.Equal(1, run.ExitCode);
        Assert.Contains($"freshet demo: there is no folder {missing} (TMPDIR)", run.Errors, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", run.Errors, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("0")]
    [InlineData("soon")]
    public async Task An_impossible_number_of_seconds_is_refused_with_its_range(string seconds)
    {
        using var root = new TemporaryRoot();
        var run = await RunAsync(root.Path, process => process.WaitForExitAsync(Cancellation), "--seconds", seconds);
        Assert.Equal(2, run.ExitCode);
        Assert.Contains($"--seconds {seconds}: must be from 0.5", run.Errors, StringComparison.Ordinal);
        Assert.Empty(root.Clusters());
    }

    private static async Task<ChildCommand.Result> RunAsync(
        string temporaryFolder, Func<Process, Task> wait, params string[] further)
    {
        var start = new ProcessStartInfo("dotnet")
        {
            UseShellExecute = false,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        var program = Path.Combine(AppContext.BaseDirectory, "freshet.dll");
        string[] arguments = [program, "demo", "--json", "--clients", "40", "--pool-size", "8", .. further];
        foreach (var argument in arguments)
            start.ArgumentList.Add(argument);
        start.Environment["TMPDIR"] = temporaryFolder;
        using var process = Process.Start(start)!;
        var output = process.StandardOutput.ReadToEndAsync(Cancellation);
        var errors = process.StandardError.ReadToEndAsync(Cancellation);
        await wait(process);
        return new ChildCommand.Result(process.ExitCode, await output, await errors);
    }

    private sealed class TemporaryRoot : IDisposable
    {
        public TemporaryRoot()
        {
            // Short: the path of a unix socket holds about a hundred characters. Open: as root, the server's account
            // has to reach its folder.
            Path = Directory.CreateTempSubdirectory("fd-").FullName;
            File.SetUnixFileMode(Path, File.GetUnixFileMode(Path) | UnixFileMode.OtherExecute);
        }

        public string Path { get; }

        // The runtime puts its diagnostic sockets here as well.
        public string[] Clusters() => Directory.GetDirectories(Path, ClusterMarker.FolderPrefix + "*");

        public void Dispose() => Directory.Delete(Path, recursive: true);
    }
}
