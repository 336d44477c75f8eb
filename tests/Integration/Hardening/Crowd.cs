using System.Globalization;
using System.Text.Json;
using Freshet.Tests.Integration.Servers;

namespace Freshet.Tests.Integration.Hardening;

/// <summary>Thousands of clients in a process of their own (<c>crowd.py</c>), because one process may not have
/// descriptors for all that a test wants.</summary>
internal sealed class Crowd : IAsyncDisposable
{
    // Debian's own python, as for the other scripts.
    private const string Python = "/usr/bin/python3";

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly ChildProcess _process;

    private Crowd(ChildProcess process) => _process = process;

    /// <param name="port">The proxy's.</param>
    /// <param name="count">How many clients.</param>
    /// <param name="number">Of this crowd, from 1: each has an address of its own, and so its own ports.</param>
    public static Crowd Start(int port, int count, int number) =>
        new(ChildProcess.Start(
        [
            Python, "-u", Path.Combine(AppContext.BaseDirectory, "Hardening", "crowd.py"),
            port.ToString(CultureInfo.InvariantCulture), count.ToString(CultureInfo.InvariantCulture),
            $"127.0.1.{number}",
        ]));

    /// <summary>Waits until every client is either served or refused.</summary>
    public async Task<Arrival> ArriveAsync(CancellationToken cancellation) =>
        await ReadAsync<Arrival>("\"served\"", cancellation);

    /// <summary>Every client that was served runs a query of its own.</summary>
    public async Task<Answers> AskAsync(CancellationToken cancellation)
    {
        await _process.WriteLineAsync("ask", cancellation);
        return await ReadAsync<Answers>("\"right\"", cancellation);
    }

    public async Task LeaveAsync(CancellationToken cancellation)
    {
        await _process.WriteInputAsync("leave\n", cancellation);
        await _process.WaitForExitAsync(Patience, cancellation);
    }

    public ValueTask DisposeAsync() => _process.DisposeAsync();

    private async Task<T> ReadAsync<T>(string key, CancellationToken cancellation)
    {
        var line = await _process.WaitForLineAsync(
            text => text.Contains(key, StringComparison.Ordinal), Patience, cancellation);
        return JsonSerializer.Deserialize<T>(line, JsonSerializerOptions.Web)
            ?? throw new InvalidDataException($"no answer in: {line}");
    }

    /// <param name="Served">Clients that are logged in.</param>
    /// <param name="Refused">Clients that were given an error, by severity, SQLSTATE and hint.</param>
    /// <param name="Dropped">Clients that were closed without a word.</param>
    internal sealed record Arrival(int Served, IReadOnlyDictionary<string, int> Refused, int Dropped);

    internal sealed record Answers(int Right, int Wrong);
}
