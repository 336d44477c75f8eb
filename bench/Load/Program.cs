using System.CommandLine;
using Freshet.Bench.Load;
using Freshet.Bench.Load.Rig;

var configuration = new InvocationConfiguration
{
    // A cancelled run still ends its servers and removes its folders.
    ProcessTerminationTimeout = TimeSpan.FromSeconds(60),
    EnableDefaultExceptionHandler = false,
};
try
{
    return await CommandLine.Build().Parse(args).InvokeAsync(configuration);
}
catch (OperationCanceledException)
{
    return 130;
}
catch (Exception failure) when (failure is BenchException or Freshet.Server.Demo.PrivatePostgresException)
{
    await Console.Error.WriteLineAsync(failure.Message);
    return 1;
}
