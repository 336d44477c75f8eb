using System.CommandLine;
using Freshet.Server.Demo;

var root = new RootCommand("Freshet: a pooling proxy for PostgreSQL") { DemoCommand.Create() };
var invocation = new InvocationConfiguration { ProcessTerminationTimeout = null };
return await root.Parse(args).InvokeAsync(invocation);
