using Freshet.Server.Demo;
using Xunit;

namespace Freshet.Tests.Integration.Servers;

/// <summary>One run of psql, that is of libpq.</summary>
internal sealed record Psql(int ExitCode, string Output, string Error)
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(30);

    /// <summary>Runs one command.</summary>
    /// <param name="postgres">Whose psql.</param>
    /// <param name="connection">Keywords and values as libpq reads them.</param>
    /// <param name="command">SQL or a backslash command.</param>
    /// <param name="libraries">Folder of another libpq than psql's own; null: its own.</param>
    public static async Task<Psql> RunAsync(
        PrivatePostgres postgres,
        IReadOnlyDictionary<string, string> connection,
        string command,
        string? libraries = null)
    {
        var cancellation = TestContext.Current.CancellationToken;
        var file = Path.Combine(postgres.BinDirectory, "psql");
        List<string> line = [file, "-X", "--no-password", "-At", "-c", command, "-d", Write(connection)];
        // Only what the test says counts, not what the machine's user has set up.
        var environment = new Dictionary<string, string>(StringComparer.Ordinal)
        {
            ["PGPASSFILE"] = "/no/such/file",
            ["PGCONNECT_TIMEOUT"] = "10",
        };
        if (libraries is not null)
        {
            environment["LD_LIBRARY_PATH"] = libraries;
        }

        await using var child = ChildProcess.Start(line, environment);
        var exitCode = await child.WaitForExitAsync(Limit, cancellation);
        return new Psql(exitCode, child.StandardOutput.TrimEnd('\n'), child.StandardError.TrimEnd('\n'));
    }

    public void AssertSays(string output)
    {
        Assert.Equal("", Error);
        Assert.Equal(output, Output);
        Assert.Equal(0, ExitCode);
    }

    /// <summary>psql ends with 2 when it got no connection.</summary>
    public void AssertRefused(string reason)
    {
        Assert.Contains(reason, Error, StringComparison.Ordinal);
        Assert.Equal("", Output);
        Assert.Equal(2, ExitCode);
    }

    private static string Write(IReadOnlyDictionary<string, string> connection) =>
        string.Join(' ', connection.Select(pair => $"{pair.Key}='{Escape(pair.Value)}'"));

    private static string Escape(string value) =>
        value.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("'", "\\'", StringComparison.Ordinal);
}
