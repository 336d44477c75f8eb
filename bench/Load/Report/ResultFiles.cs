using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;
using Freshet.Bench.Load.Rig;

namespace Freshet.Bench.Load.Report;

/// <summary>Writes a result twice: Markdown for people, JSON with every single run for whoever doubts it.</summary>
internal static class ResultFiles
{
    private static readonly JsonSerializerOptions Json = new()
    {
        WriteIndented = true,
        PropertyNamingPolicy = JsonNamingPolicy.CamelCase,
        Converters = { new JsonStringEnumConverter(JsonNamingPolicy.CamelCase) },
    };

    /// <param name="kind"><c>pooling</c>, <c>idle</c>, <c>copy</c>: the file's name after the date.</param>
    public static void Write<T>(string folder, string kind, string markdown, T result)
    {
        Directory.CreateDirectory(folder);
        var date = DateTime.UtcNow.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture);
        var stem = Path.Combine(folder, $"{date}-{kind}");
        File.WriteAllText(stem + ".md", markdown);
        File.WriteAllText(stem + ".json", JsonSerializer.Serialize(result, Json) + "\n");
        Console.Out.Write(markdown);
        Console.Error.WriteLine($"written: {stem}.md, {stem}.json");
    }

    public static string Describe(MachineDescription machine) =>
        $"""
            Machine: {machine.Processors} × {machine.ProcessorModel}, {machine.MemoryMegabytes
                / 1024} GB, {machine.Kernel};
            {machine.DotNet}, PostgreSQL {machine.PostgreSql}, PgBouncer {machine.PgBouncer}, Freshet {machine.Freshet};
            load per processor at the start: {machine.LoadAtStart:0.00}.

            """;

    public static void AppendRow(StringBuilder text, params IEnumerable<string> cells) =>
        text.Append("| ").AppendJoin(" | ", cells).Append(" |\n");

    public static string Format(double? value, string format) =>
        value?.ToString(format, CultureInfo.InvariantCulture) ?? "n/a";
}
