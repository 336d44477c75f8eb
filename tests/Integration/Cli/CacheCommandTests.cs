using System.Text.Json;
using Freshet.Tests.Integration.Caching;
using Freshet.Tests.Integration.Servers;
using Xunit;

namespace Freshet.Tests.Integration.Cli;

/// <summary>The program asks a running one.</summary>
/// <param name="servers">The shared servers.</param>
public sealed class CacheCommandTests(TestServers servers)
{
    private const string Setup = "create table item(id int primary key, n int); insert into item values (1, 1)";
    private const string Read = "/* freshet: tags=games */ select n from item where id = 1";

    [Fact]
    public async Task What_is_cached_is_explained_shown_and_invalidated()
    {
        await using var scene = await CachedScene.StartAsync(servers.Postgres, Setup);
        var client = scene.Client();
        await scene.UntilHitAsync(() => client.Query(Read));
        string[] process = ["--http", $"127.0.0.1:{scene.Proxy.HttpPort}"];

        var explained = await RunAsync(["explain", Read, "--user", "wire", .. process]);
        Assert.Contains("depends on         public.item, rows by id, version ", explained, StringComparison.Ordinal);
        Assert.Contains("tags               games", explained, StringComparison.Ordinal);
        var json = JsonDocument.Parse(await RunAsync(["explain", Read, "--json", .. process])).RootElement;
        Assert.Equal("public.item", json.GetProperty("tables")[0].GetProperty("name").GetString());
        Assert.False(json.TryGetProperty("lines", out _));

        var shown = await RunAsync(["cache", "show", .. process]);
        Assert.Contains($"database    {scene.Database}\n  mode      session\n", shown, StringComparison.Ordinal);
        json = JsonDocument.Parse(await RunAsync(["cache", "show", "--json", .. process])).RootElement;
        Assert.True(json.GetProperty("entries").GetInt32() > 0);

        // After a change of definitions, which the server's other databases may cause, there is nothing to invalidate.
        await CachedScene.UntilAsync(async () =>
        {
            client.Query(Read);
            var invalidated = await RunAsync(
                ["cache", "invalidate", "--tag", "games", "--database", scene.Database, .. process]);
            Assert.StartsWith($"{scene.Database}: tag games invalidated, ", invalidated, StringComparison.Ordinal);
            return invalidated.EndsWith(", 1 statements\n", StringComparison.Ordinal);
        });
        explained = await RunAsync(["explain", Read, .. process]);
        Assert.Contains("last invalidation  tag games, ", explained, StringComparison.Ordinal);

        var unknown = await FreshetCommand.RunAsync(
            ["cache", "invalidate", "--all", "--database", "nowhere", .. process]);
        Assert.Equal(1, unknown.ExitCode);
        Assert.Contains($"/{scene.Database}", unknown.Error, StringComparison.Ordinal);
        Assert.Equal(2, (await FreshetCommand.RunAsync(["cache", "invalidate", .. process])).ExitCode);
    }

    [Fact]
    public async Task The_token_comes_from_the_configuration_or_from_a_file_and_a_reload_changes_it()
    {
        const string first = "first-0123456789abcdef", second = "second-0123456789abcdef";
        await using var proxy = await FreshetProcess.StartAsync(
            new ProxyOptions(servers.Wire) { Configuration = Configuration(first), Cache = "bounded" },
            TestContext.Current.CancellationToken);
        using var client = Wire.WireClient.Connect("127.0.0.1", proxy.Port).Login("wire", "wire");
        client.Query("select 1");
        string[] all = ["cache", "invalidate", "--all", "--http", $"127.0.0.1:{proxy.HttpPort}"];
        var refused = await FreshetCommand.RunAsync(all);
        Assert.Equal(1, refused.ExitCode);
        Assert.Contains("token is missing", refused.Error, StringComparison.Ordinal);
        await RunAsync([.. all, "--config", proxy.ConfigurationFile]);

        await File.WriteAllTextAsync(
            proxy.ConfigurationFile, Configuration(second), TestContext.Current.CancellationToken);
        proxy.Reload();
        await proxy.WaitForLineAsync("reloaded", TestContext.Current.CancellationToken);
        var file = Path.Combine(Path.GetDirectoryName(proxy.ConfigurationFile)!, "token");
        await File.WriteAllTextAsync(file, first + "\n", TestContext.Current.CancellationToken);
        Assert.Equal(1, (await FreshetCommand.RunAsync([.. all, "--http-token-file", file])).ExitCode);
        await File.WriteAllTextAsync(file, second + "\n", TestContext.Current.CancellationToken);
        await RunAsync([.. all, "--http-token-file", file]);
        Assert.DoesNotContain("0123456789abcdef", proxy.Output, StringComparison.Ordinal);
    }

    private string Configuration(string token) =>
        $$"""{ "url": "{{servers.Wire.Url}}", "auth": "trust", "httpToken": "{{token}}" }""";

    private static async Task<string> RunAsync(string[] arguments)
    {
        var command = await FreshetCommand.RunAsync(arguments);
        Assert.True(command.ExitCode == 0, command.Error);
        return command.Output;
    }
}
