using System.Text.Json;
using Freshet.Server.Configuration;
using Freshet.Server.Logging;
using Freshet.Server.Proxy;
using Xunit;

namespace Freshet.Tests.Unit.Logging;

public sealed class ProcessLogTests
{
    [Fact]
    public void A_line_cannot_forge_another_one()
    {
        var output = new StringWriter();
        using (var log = new ProcessLog(output, LogFormat.Text, ProxyLogLevel.Information, TimeProvider.System))
        {
            log.Write(ProxyLogLevel.Debug, "below the level");
            log.Write(ProxyLogLevel.Warning, "client said \"a\nb\e[31m\"");
        }
        var line = Assert.Single(output.ToString().Split('\n', StringSplitOptions.RemoveEmptyEntries));
        Assert.EndsWith("Z warning client said \"a\\u000ab\\u001b[31m\"", line, StringComparison.Ordinal);
    }

    [Fact]
    public void Json_lines_are_json()
    {
        var output = new StringWriter();
        using (var log = new ProcessLog(output, LogFormat.Json, ProxyLogLevel.Debug, TimeProvider.System))
            log.Write(ProxyLogLevel.Error, "a \"b\"\n");
        var json = JsonDocument.Parse(output.ToString()).RootElement;
        Assert.Equal("error", json.GetProperty("level").GetString());
        Assert.Equal("a \"b\"\n", json.GetProperty("message").GetString());
        Assert.True(json.GetProperty("time").TryGetDateTimeOffset(out _));
    }

    [Fact]
    public void When_the_output_hangs_lines_are_dropped_counted_and_reported()
    {
        using var output = new HangingWriter();
        using (var log = new ProcessLog(output, LogFormat.Text, ProxyLogLevel.Debug, TimeProvider.System, 2))
        {
            log.Write(ProxyLogLevel.Error, "first");
            output.Entered.Wait();
            for (var i = 0; i < 5; i++)
                log.Write(ProxyLogLevel.Error, $"line {i}");
            Assert.Equal(3, log.Dropped);
            output.Released.Set();
        }
        Assert.Contains("3 log lines dropped", output.ToString(), StringComparison.Ordinal);
        Assert.Contains("line 1", output.ToString(), StringComparison.Ordinal);
        Assert.DoesNotContain("line 2", output.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void A_broken_output_drops_lines_and_nothing_else()
    {
        var output = new StringWriter();
        output.Dispose();
        using var log = new ProcessLog(output, LogFormat.Text, ProxyLogLevel.Debug, TimeProvider.System);
        while (log.Dropped == 0)
            log.Write(ProxyLogLevel.Error, "line");
        Assert.NotEqual(0, log.Dropped);
    }

    private sealed class HangingWriter : StringWriter
    {
        public ManualResetEventSlim Entered { get; } = new();

        public ManualResetEventSlim Released { get; } = new();

        public override void WriteLine(string? value)
        {
            Entered.Set();
            Released.Wait();
            base.WriteLine(value);
        }
    }
}
