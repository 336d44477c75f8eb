namespace Freshet.Tests.Integration.Catalog;

/// <summary>Reads <c>catalogue.txt</c>.</summary>
internal static class Catalogue
{
    public static List<CatalogueDatabase> Read()
    {
        var databases = new List<CatalogueDatabase>();
        CatalogueCase? open = null;
        foreach (var (line, name, value) in Fields(Path.Combine(AppContext.BaseDirectory, "Catalog", "catalogue.txt")))
        {
            if (name is "" or "database" or "setup" or "sql" && open is not null)
            {
                databases[^1].Cases.Add(open);
                open = null;
            }

            switch (name)
            {
                case "":
                    break;
                case "database":
                    databases.Add(new CatalogueDatabase(value, [], []));
                    break;
                case "setup":
                    databases[^1].Setup.Add(value);
                    break;
                case "sql":
                    open = new CatalogueCase { Line = line, Sql = value };
                    break;
                default:
                    open = With(open ?? throw new FormatException($"line {line}: no sql before it"), name, value);
                    break;
            }
        }

        return databases;
    }

    private static CatalogueCase With(CatalogueCase one, string name, string value) =>
        name switch
        {
            "verdict" => one with { Verdict = value },
            "tables" => one with { Tables = [.. Words(value)] },
            "keys" => one with { Keys = [.. Words(value)] },
            "session" => one with { Session = value },
            "arguments" => one with { Arguments = value.Split('|') },
            "change" => one with { Change = value },
            "answer" when value is "varies" => one with { Varies = true },
            _ => throw new FormatException($"{one}: {name}: {value} is unknown"),
        };

    private static IEnumerable<string> Words(string value) =>
        value.Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(word => word.Trim('"'))
            .Order(StringComparer.Ordinal);

    /// <summary>The fields with their continuations; one without name stands for a blank line.</summary>
    private static IEnumerable<(int Line, string Name, string Value)> Fields(string path)
    {
        var (start, name, value) = (0, "", "");
        var number = 0;
        foreach (var line in File.ReadLines(path).Append(""))
        {
            number++;
            if (line.StartsWith('#'))
            {
                continue;
            }

            if (line.StartsWith("  ", StringComparison.Ordinal))
            {
                value += $"\n{line[2..]}";
                continue;
            }

            if (start > 0)
            {
                yield return (start, name, value);
            }

            var colon = line.IndexOf(':', StringComparison.Ordinal);
            (start, name, value) = colon > 0 ? (number, line[..colon], line[(colon + 1)..].Trim()) : (number, "", "");
        }

        yield return (number, "", "");
    }
}
