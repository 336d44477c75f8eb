using Freshet.Tests.Integration.Servers;

namespace Freshet.Tests.Integration.Clients;

/// <summary>The reviewed list of differences that are meant, for one client and route.</summary>
internal sealed class AcceptedDifferences
{
    private readonly List<(string Direct, string Routed)> _unused;
    private readonly HashSet<(string Direct, string Routed)> _all;

    private AcceptedDifferences(IEnumerable<(string Direct, string Routed)> entries)
    {
        _unused = [.. entries];
        _all = [.. _unused];
    }

    /// <summary>Entries that no difference has needed.</summary>
    public IReadOnlyCollection<(string Direct, string Routed)> Unused => _unused;

    public static AcceptedDifferences For(Route route, string client)
    {
        var file = Path.Combine(ClientComparison.Folder, "accepted-differences.txt");
        var entries =
            from line in File.ReadLines(file)
            where line.Length > 0 && line[0] is not '#'
            let fields = line.Split('\t')
            let isWhole = fields.Length is 5 && fields[4].Length > 0
            where isWhole ? true : throw new InvalidDataException($"{file}: five fields and a reason wanted: {line}")
            where string.Equals(fields[0], $"{route}", StringComparison.Ordinal)
            where string.Equals(fields[1], client, StringComparison.Ordinal)
            select (fields[2], fields[3]);
        return new AcceptedDifferences(entries);
    }

    public bool Take(string? direct, string? routed)
    {
        if (direct is null || routed is null || !_all.Contains((direct, routed)))
        {
            return false;
        }

        _unused.Remove((direct, routed));
        return true;
    }
}
