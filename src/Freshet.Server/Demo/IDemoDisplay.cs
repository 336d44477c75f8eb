using System.Diagnostics;
using Spectre.Console;

namespace Freshet.Server.Demo;

/// <summary>Shows how far the demo is, on standard error. Two ways: bars on a terminal, lines elsewhere.</summary>
internal interface IDemoDisplay
{
    /// <summary>Runs one step. <paramref name="run"/> gets a way to tell its progress from 0 to 1, from any thread.
    /// </summary>
    Task<T> StepAsync<T>(string name, Func<Action<double>, Task<T>> run);

    /// <summary>A message between steps.</summary>
    void Say(string message);
}

internal sealed class BarDisplay(IAnsiConsole console) : IDemoDisplay
{
    public Task<T> StepAsync<T>(string name, Func<Action<double>, Task<T>> run) =>
        console.Progress()
            .Columns(
                new SpinnerColumn(),
                new TaskDescriptionColumn { Alignment = Justify.Left },
                new ProgressBarColumn(),
                new PercentageColumn(),
                new ElapsedTimeColumn())
            .StartAsync(async context =>
            {
                var bar = context.AddTask(Markup.Escape(name), maxValue: 1);
                var result = await run(share => bar.Value = share);
                bar.Value = 1;
                return result;
            });

    public void Say(string message) => console.WriteLine(message);
}

/// <summary>For logs and pipes: the start of each step, then a line per ten seconds.</summary>
internal sealed class LineDisplay(TextWriter output) : IDemoDisplay
{
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(10);

    public async Task<T> StepAsync<T>(string name, Func<Action<double>, Task<T>> run)
    {
        Say(name);
        var last = Stopwatch.GetTimestamp();
        return await run(share =>
        {
            var now = Stopwatch.GetTimestamp();
            var before = Volatile.Read(ref last);
            if (Stopwatch.GetElapsedTime(before, now) >= Pause
                && Interlocked.CompareExchange(ref last, now, before) == before)
            {
                Say($"{name}: {share:P0}");
            }
        });
    }

    public void Say(string message) => output.WriteLine(message);
}
