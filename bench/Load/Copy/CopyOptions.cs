using System.Text.Json.Serialization;
using Freshet.Bench.Load.Rig;

namespace Freshet.Bench.Load.Copy;

internal sealed record CopyOptions
{
    public required RigOptions Rig { get; init; }
    public required int Rounds { get; init; }
    public required int Megabytes { get; init; }

    /// <summary>Of the one text column of a row; one CopyData message each.</summary>
    public required int RowBytes { get; init; }

    public long Rows => Megabytes * 1_000_000L / RowBytes;

    [JsonIgnore]
    public string OutputFolder { get; init; } = "";
}
