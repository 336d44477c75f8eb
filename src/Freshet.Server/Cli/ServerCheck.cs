using System.Collections.Immutable;
using System.Text.Json.Nodes;
using Freshet.Server.Checks;
using Freshet.Server.Configuration;
using Npgsql;

namespace Freshet.Server.Cli;

/// <summary>Looks at a server and reports: a table for people, JSON for programs.</summary>
internal static class ServerCheck
{
    public static async Task<int> RunAsync(
        ServerUrl server,
        int poolSize,
        Terminal terminal,
        CancellationToken cancellation
    )
    {
        ServerFacts facts;
        try
        {
            facts = await ServerInspector.InspectAsync(server, cancellation);
        }
        catch (Exception exception)
            when (exception is NpgsqlException or TimeoutException or System.Net.Sockets.SocketException or IOException)
        {
            return terminal.Fail(ExitCode.Failed, $"cannot connect to {server}: {Reason(exception)}");
        }
        var findings = Findings.From(facts, poolSize);
        if (terminal.Json)
            terminal.WriteJson(ToJson(server, facts, findings));
        else
            WriteTable(server, findings, terminal);
        return findings.Any(finding => finding.Status == FindingStatus.Missing) ? ExitCode.Findings : ExitCode.Done;
    }

    public static void WriteTable(ServerUrl server, ImmutableArray<Finding> findings, Terminal terminal)
    {
        var output = terminal.Output;
        if (!terminal.Quiet)
            output.WriteLine($"{server}\n");
        var shown = findings.Where(finding => !terminal.Quiet || finding.Status == FindingStatus.Missing);
        var width = findings.Max(finding => finding.Name.Length);
        foreach (var (name, status, detail, repair) in shown)
        {
            output.WriteLine($"{Label(status, terminal.Color)}  {name.PadRight(width)}  {SafeText.OneLine(detail)}");
            var arrow = "->";
            foreach (var line in repair?.Split('\n') ?? [])
            {
                output.WriteLine($"{"",7}  {new string(' ', width)}  {arrow} {SafeText.OneLine(line)}");
                arrow = "  ";
            }
        }
        var missing = findings.Count(finding => finding.Status == FindingStatus.Missing);
        if (!terminal.Quiet)
            output.WriteLine(missing == 0 ? "\nNothing is missing." : $"\n{missing} to repair.");
    }

    private static JsonObject ToJson(ServerUrl server, ServerFacts facts, ImmutableArray<Finding> findings) =>
        new()
        {
            ["server"] = server.ToString(),
            ["version"] = facts.Version,
            ["role"] = facts.Role,
            ["database"] = facts.Database,
            ["missing"] = findings.Count(finding => finding.Status == FindingStatus.Missing),
            ["findings"] = new JsonArray(
                [
                    .. findings.Select(finding =>
                        (JsonNode)
                            new JsonObject
                            {
                                ["name"] = finding.Name,
                                ["status"] = SettingNames.Value(finding.Status),
                                ["detail"] = finding.Detail,
                                ["repair"] = finding.Repair,
                            }
                    ),
                ]
            ),
        };

    private static string Label(FindingStatus status, bool color)
    {
        var (text, code) = status switch
        {
            FindingStatus.Ok => ("ok     ", 32),
            FindingStatus.Note => ("note   ", 36),
            _ => ("missing", 33),
        };
        return color ? $"\e[{code}m{text}\e[0m" : text;
    }

    // Npgsql wraps the true reason ("Failed to connect to …") around what the socket or the server said.
    private static string Reason(Exception exception) =>
        exception switch
        {
            PostgresException refused => $"{refused.MessageText} (SQLSTATE {refused.SqlState})",
            { InnerException: { } inner } => Reason(inner),
            _ => exception.Message,
        };
}
