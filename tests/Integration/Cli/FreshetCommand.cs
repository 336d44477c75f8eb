using Freshet.Tests.Integration.Servers;
using Xunit;

namespace Freshet.Tests.Integration.Cli;

/// <summary>One run of the built <c>freshet</c> that ends by itself.</summary>
internal sealed record FreshetCommand(int ExitCode, string Output, string Error)
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(30);

    public static async Task<FreshetCommand> RunAsync(params string[] arguments)
    {
        var executable = Path.Combine(AppContext.BaseDirectory, "freshet");
        await using var child = ChildProcess.Start([executable, .. arguments]);
        var exitCode = await child.WaitForExitAsync(Limit, TestContext.Current.CancellationToken);
        return new FreshetCommand(exitCode, child.StandardOutput, child.StandardError);
    }
}
