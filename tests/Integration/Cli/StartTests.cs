using System.Net;
using System.Net.Sockets;
using System.Text.Json;
using Freshet.Tests.Integration.Servers;
using Freshet.Tests.Integration.Wire;
using Xunit;

namespace Freshet.Tests.Integration.Cli;

/// <summary>How <c>freshet up</c> starts, or why it does not.</summary>
/// <param name="servers">The shared servers.</param>
public sealed class StartTests(TestServers servers)
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task The_ready_line_stands_alone_on_standard_output()
    {
        await using var proxy = await FreshetProcess.StartAsync(new ProxyOptions(servers.Wire), Cancellation);
        var output = proxy.Output[..^proxy.StandardError.Length];
        Assert.Equal($"ready listen=127.0.0.1:{proxy.Port} http=127.0.0.1:{proxy.HttpPort}\n", output);
        using var client = WireClient.Connect("127.0.0.1", proxy.Port).Login("wire", "wire");
        Assert.Equal("1", client.Query("select 1"));
    }

    [Fact]
    public async Task With_json_logs_every_line_is_json()
    {
        var executable = Path.Combine(AppContext.BaseDirectory, "freshet");
        await using var child = ChildProcess.Start(
            [
                executable, "up", servers.Wire.Url, "--auth", "trust", "--json-logs",
                "--listen", "127.0.0.1:0", "--http", "off",
            ]);
        var line = await child.WaitForLineAsync(
            text => text.Contains("\"ready\"", StringComparison.Ordinal), TimeSpan.FromSeconds(30), Cancellation);
        var ready = JsonDocument.Parse(line).RootElement;
        Assert.Equal("ready", ready.GetProperty("event").GetString());
        Assert.StartsWith("127.0.0.1:", ready.GetProperty("listen")[0].GetString(), StringComparison.Ordinal);
        Assert.Equal(JsonValueKind.Null, ready.GetProperty("http").ValueKind);
        child.Terminate();
        Assert.Equal(0, await child.WaitForExitAsync(TimeSpan.FromSeconds(30), Cancellation));
        var lines = $"{child.StandardOutput}{child.StandardError}".Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.True(lines.Length > 1);
        Assert.All(lines, text => JsonDocument.Parse(text));
    }

    [Theory]
    [InlineData("--listen", "--http")]
    [InlineData("--http", "--listen")]
    public async Task A_busy_port_is_told_in_one_line(string busy, string free)
    {
        using var holder = new TcpListener(IPAddress.Loopback, 0);
        holder.Start();
        var address = $"127.0.0.1:{((IPEndPoint)holder.LocalEndpoint).Port}";
        var run = await FreshetCommand.RunAsync(
            "up", servers.Wire.Url, "--auth", "trust", busy, address, free, "127.0.0.1:0");
        Assert.Equal(1, run.ExitCode);
        Assert.Equal("", run.Output);
        var line = Assert.Single(run.Error.Split('\n', StringSplitOptions.RemoveEmptyEntries));
        Assert.Contains(address, line, StringComparison.Ordinal);
        Assert.Contains("in use", line, StringComparison.OrdinalIgnoreCase);
    }

    [Fact]
    public async Task All_errors_of_a_configuration_are_told_at_once()
    {
        var file = Path.GetTempFileName();
        await File.WriteAllTextAsync(
            file,
            """
            {
              "pool": { "size": 0, "waitTimeout": "soon" },
              "pol": { },
              "auth": "magic",
              "databases": { "shop": { "port": 70000 } }
            }
            """,
            Cancellation);
        try
        {
            var run = await FreshetCommand.RunAsync("up", "--config", file, "--listen", "127.0.0.1:0");
            Assert.Equal(2, run.ExitCode);
            Assert.Equal("", run.Output);
            Assert.All(
                (string[])["pool.size", "pool.waitTimeout", "pol:", "auth", "databases.shop"],
                key => Assert.Contains(key, run.Error, StringComparison.Ordinal));
            Assert.Contains($"{file}:2", run.Error, StringComparison.Ordinal);
        }
        finally
        {
            File.Delete(file);
        }
    }

    [Theory]
    [InlineData("--auth", "trust", "--insecure")]
    [InlineData("--auth", "scram", "--insecure")]
    public async Task A_public_address_is_refused_unless_insecure(string option, string value, string hint)
    {
        var run = await FreshetCommand.RunAsync(
            "up", servers.App.Url, option, value, "--listen", "0.0.0.0:0", "--http", "off");
        Assert.Equal(2, run.ExitCode);
        Assert.Contains("0.0.0.0", run.Error, StringComparison.Ordinal);
        Assert.Contains(hint[2..], run.Error, StringComparison.Ordinal);
    }
}
