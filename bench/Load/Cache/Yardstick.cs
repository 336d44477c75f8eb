using Freshet.Bench.Load.Rig;

namespace Freshet.Bench.Load.Cache;

/// <summary>The server of canned answers, compiled from <c>bench/Load/Yardstick</c>.</summary>
internal sealed class Yardstick : IAsyncDisposable
{
    public const string Name = "yardstick";

    private readonly ChildProcess process;

    private Yardstick(ChildProcess process, Party party) => (this.process, Party) = (process, party);

    public Party Party { get; }

    public static async Task<Yardstick> StartAsync(BenchRig rig, CancellationToken cancellationToken)
    {
        var program = rig.Folder.Combine(Name);
        var source = Path.Combine(SourceTree.Root, "bench", "Load", "Yardstick", "yardstick.c");
        await using (var compiler = ChildProcess.Start(
            "cc", ["cc", "-O2", "-Wall", "-Wextra", "-Werror", "-o", program, source]))
            await compiler.WaitForSuccessAsync(cancellationToken);
        var port = Loopback.FindFreePort();
        var child = ChildProcess.Start(Name, rig.Account.Wrap([program, port.ToString()]));
        try
        {
            await Loopback.WaitUntilListeningAsync(child, port, cancellationToken);
            return new Yardstick(child, new Party { Name = Name, Port = port, ProcessId = child.Id });
        }
        catch
        {
            await child.DisposeAsync();
            throw;
        }
    }

    public ValueTask DisposeAsync() => process.DisposeAsync();
}
