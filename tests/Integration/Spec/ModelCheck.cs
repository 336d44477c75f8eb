using System.Reflection;
using Freshet.Tests.Integration.Servers;

namespace Freshet.Tests.Integration.Spec;

/// <summary>One run of <c>docs/spec/check</c>.</summary>
/// <param name="ExitCode">0: no promise is broken; 1: one is; 2: it could not be found out.</param>
/// <param name="Output">How many states, or the way to the broken promise.</param>
/// <param name="Errors">Why it could not be found out.</param>
internal sealed record ModelCheck(int ExitCode, string Output, string Errors)
{
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(15);

    public static string Folder { get; } =
        typeof(ModelCheck).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>()
            .First(attribute => attribute.Key is "SpecFolder")
            .Value!;

    /// <param name="arguments">As on the command line, with single blanks.</param>
    /// <param name="cancellation">Ends the run.</param>
    public static async Task<ModelCheck> RunAsync(string arguments, CancellationToken cancellation)
    {
        await using var check = ChildProcess.Start([Path.Combine(Folder, "check"), .. arguments.Split(' ')]);
        var exitCode = await check.WaitForExitAsync(Limit, cancellation);
        return new ModelCheck(exitCode, check.StandardOutput, check.StandardError);
    }

    /// <summary>Runs as many at once as there are processors.</summary>
    /// <param name="runs">Arguments of each.</param>
    /// <param name="judge">Null when it is as it should be, else what is not.</param>
    /// <param name="cancellation">Ends them.</param>
    /// <returns>What was not as it should be.</returns>
    public static async Task<string[]> RunAllAsync(
        IEnumerable<string> runs, Func<string, ModelCheck, string?> judge, CancellationToken cancellation)
    {
        var findings = new List<string>();
        var parallel = new ParallelOptions
        {
            MaxDegreeOfParallelism = Environment.ProcessorCount,
            CancellationToken = cancellation,
        };
        await Parallel.ForEachAsync(runs, parallel, async (arguments, cancel) =>
        {
            var check = await RunAsync(arguments, cancel);
            if (judge(arguments, check) is { } finding)
            {
                lock (findings)
                {
                    findings.Add($"docs/spec/check {arguments}: {finding}\n{check.Output}{check.Errors}");
                }
            }
        });
        return [.. findings];
    }
}
