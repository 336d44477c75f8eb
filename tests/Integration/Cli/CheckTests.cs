using System.Text.Json;
using Freshet.Tests.Integration.Servers;
using Freshet.Tests.Integration.Wire;
using Xunit;

namespace Freshet.Tests.Integration.Cli;

/// <summary><c>freshet check</c> against real servers.</summary>
/// <param name="servers">The shared servers.</param>
public sealed class CheckTests(TestServers servers)
{
    [Fact]
    public async Task A_server_that_has_everything_is_told_so_and_a_lack_with_its_repair()
    {
        await using var database = new CheckedDatabase(servers);
        Assert.SkipUnless(database.HasStatStatements, "the server has no contrib modules");
        var good = await FreshetCommand.RunAsync("check", database.Url);
        Assert.Equal("", good.Error);
        Assert.Equal(0, good.ExitCode);
        Assert.Contains("Nothing is missing.", good.Output, StringComparison.Ordinal);

        database.Execute("create table keyless(n int)");
        var lack = await FreshetCommand.RunAsync("check", database.Url, "--json");
        Assert.Equal(3, lack.ExitCode);
        var report = JsonDocument.Parse(lack.Output).RootElement;
        Assert.Equal(1, report.GetProperty("missing").GetInt32());
        var finding = Assert.Single(
            report.GetProperty("findings").EnumerateArray(),
            item => item.GetProperty("status").ValueEquals("missing"));
        Assert.Equal("replica_identity", finding.GetProperty("name").GetString());
        Assert.Contains("keyless", finding.GetProperty("repair").GetString(), StringComparison.Ordinal);

        database.Execute("alter table keyless add primary key (n)");
        Assert.Equal(0, (await FreshetCommand.RunAsync("check", database.Url)).ExitCode);
    }

    [Fact]
    public async Task A_role_without_the_right_to_replicate_is_told_the_statement_that_gives_it()
    {
        var run = await FreshetCommand.RunAsync("check", servers.App.Url);
        Assert.Equal(3, run.ExitCode);
        Assert.Contains("ALTER ROLE \"app\" REPLICATION;", run.Output, StringComparison.Ordinal);
        Assert.DoesNotContain(servers.App.Password, run.Output + run.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_pool_larger_than_the_server_allows_is_found()
    {
        var run = await FreshetCommand.RunAsync("check", servers.Wire.Url, "--pool-size", "500");
        Assert.Equal(3, run.ExitCode);
        Assert.Contains("the pool cannot be filled", run.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_server_that_cannot_be_reached_or_refuses_is_told_in_one_line()
    {
        var nobody = await FreshetCommand.RunAsync("check", "postgres://someone:hidden@127.0.0.1:1/db");
        var refused = await FreshetCommand.RunAsync("check", (servers.App with { Password = "hidden" }).Url);
        Assert.All([nobody, refused], run =>
        {
            Assert.Equal(1, run.ExitCode);
            Assert.Equal("", run.Output);
            Assert.Single(run.Error.Split('\n', StringSplitOptions.RemoveEmptyEntries));
            Assert.DoesNotContain("hidden", run.Error, StringComparison.Ordinal);
        });
        Assert.Contains("28P01", refused.Error, StringComparison.Ordinal);
        Assert.Equal(2, (await FreshetCommand.RunAsync("check", "mysql://127.0.0.1/db")).ExitCode);
    }

    /// <summary>A database with nothing to repair.</summary>
    private sealed class CheckedDatabase : IAsyncDisposable
    {
        private readonly TestServers _servers;

        public CheckedDatabase(TestServers servers)
        {
            _servers = servers;
            Execute("create database checked", "wire");
            HasStatStatements = Ask("select count(*) from pg_available_extensions where name = 'pg_stat_statements'")
                is "1";
            if (HasStatStatements)
            {
                Execute("create extension pg_stat_statements");
            }
        }

        public bool HasStatStatements { get; }

        public string Url => (_servers.Wire with { Database = "checked" }).Url;

        public void Execute(string sql, string database = "checked") => Ask(sql, database);

        public ValueTask DisposeAsync()
        {
            Execute("drop database checked with (force)", "wire");
            return ValueTask.CompletedTask;
        }

        private string? Ask(string sql, string database = "checked")
        {
            using var client = WireClient.Connect(_servers.Postgres.Host, _servers.Postgres.Port);
            client.Login("wire", database);
            var answer = client.Query(sql);
            Assert.DoesNotContain(client.Received, message => message.Type is 'E');
            return answer;
        }
    }
}
