namespace Freshet.Bench.Load.Rig;

internal static class SourceTree
{
    /// <summary>The folder of <c>Freshet.slnx</c> above the running program.</summary>
    public static string Root
    {
        get
        {
            for (var folder = AppContext.BaseDirectory; folder is not null; folder = Path.GetDirectoryName(folder))
            {
                if (File.Exists(Path.Combine(folder, "Freshet.slnx")))
                    return folder;
            }

            throw new BenchException($"No Freshet.slnx above {AppContext.BaseDirectory}");
        }
    }
}
