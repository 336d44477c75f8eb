using System.Buffers.Binary;
using System.Diagnostics;
using System.IO.Compression;

namespace Freshet.Bench.HitRate.Traces;

/// <summary>Reads the traces that <c>docs/benchmarks.md</c> names, each in its own format. What is packed with xz needs
/// the <c>xz</c> program.</summary>
internal sealed class TraceFile
{
    /// <summary>Of an entry whose size the trace does not tell.</summary>
    private const int UniformBytes = 1024;

    private readonly Dictionary<long, int> _keys = [];
    private readonly List<Request> _requests = [];

    private TraceFile()
    {
    }

    public static Trace[] ReadAll(string folder, IReadOnlyCollection<string> wanted)
    {
        (string File, bool HasCosts, Action<TraceFile, Stream> Read)[] known =
        [
            ("adaptsize-request.txt.xz", false, (file, stream) => file.ReadSized(stream)),
            ("arc-oltp.txt.gz", false, (file, stream) => file.ReadBlocks(stream)),
            ("cache2k-orm-busy.bin.xz", false, (file, stream) => file.ReadIntegers(stream)),
            ("cache2k-web07.bin.xz", false, (file, stream) => file.ReadIntegers(stream)),
            ("cloudphysics-io.csv.gz", false, (file, stream) => file.ReadCloudPhysics(stream)),
            ("gcc-penalty.txt.xz", true, (file, stream) => file.ReadPenalties(stream)),
            ("lirs-multi3.txt.gz", false, (file, stream) => file.ReadKeys(stream)),
        ];
        return
        [
            .. known
                .Select(trace => (trace.File, Name: trace.File[..trace.File.IndexOf('.')], trace.HasCosts, trace.Read))
                .Where(trace => wanted.Count == 0 || wanted.Contains(trace.Name, StringComparer.Ordinal))
                .Select(trace => Read(Path.Combine(folder, trace.File), trace.Name, trace.HasCosts, trace.Read)),
        ];
    }

    private static Trace Read(string path, string name, bool hasCosts, Action<TraceFile, Stream> read)
    {
        var file = new TraceFile();
        if (path.EndsWith(".xz", StringComparison.Ordinal))
        {
            var start = new ProcessStartInfo("xz")
            {
                RedirectStandardOutput = true,
                UseShellExecute = false,
                ArgumentList = { "-dc", path },
            };
            using Process xz = Process.Start(start) ?? throw new InvalidOperationException("xz did not start");
            read(file, xz.StandardOutput.BaseStream);
            xz.WaitForExit();
            if (xz.ExitCode != 0)
            {
                throw new InvalidDataException($"xz could not unpack {path}");
            }
        }
        else
        {
            using var stream = new GZipStream(File.OpenRead(path), CompressionMode.Decompress);
            read(file, stream);
        }

        return new Trace(name, hasCosts, [.. file._requests]);
    }

    private static IEnumerable<string[]> Lines(Stream stream, char separator)
    {
        using var reader = new StreamReader(stream);
        while (reader.ReadLine() is { } line)
        {
            if (line.Length > 0 && line[0] != 'v' && line[0] != '*')
            {
                yield return line.Split(separator, StringSplitOptions.RemoveEmptyEntries);
            }
        }
    }

    private void ReadSized(Stream stream)
    {
        foreach (string[] words in Lines(stream, ' '))
        {
            Add(long.Parse(words[1]), long.Parse(words[2]));
        }
    }

    private void ReadBlocks(Stream stream)
    {
        foreach (string[] words in Lines(stream, ' '))
        {
            long start = long.Parse(words[0]);
            for (long block = start; block < start + long.Parse(words[1]); block++)
            {
                Add(block, UniformBytes);
            }
        }
    }

    private void ReadIntegers(Stream stream)
    {
        using var whole = new MemoryStream();
        stream.CopyTo(whole);
        ReadOnlySpan<byte> left = whole.GetBuffer().AsSpan(0, (int)whole.Length);
        while (left.Length >= 4)
        {
            Add(BinaryPrimitives.ReadInt32BigEndian(left), UniformBytes);
            left = left[4..];
        }
    }

    private void ReadCloudPhysics(Stream stream)
    {
        foreach (string[] words in Lines(stream, ','))
        {
            Add(long.Parse(words[4]), long.Parse(words[3]));
        }
    }

    private void ReadPenalties(Stream stream)
    {
        foreach (string[] words in Lines(stream, ' '))
        {
            Add(Convert.ToInt64(words[1], 16), UniformBytes, int.Parse(words[4]));
        }
    }

    private void ReadKeys(Stream stream)
    {
        foreach (string[] words in Lines(stream, ' '))
        {
            Add(long.Parse(words[0]), UniformBytes);
        }
    }

    /// <param name="key">As the trace names it.</param>
    /// <param name="bytes">Without what a cache keeps beside it.</param>
    /// <param name="cost">A millisecond where the trace tells none.</param>
    private void Add(long key, long bytes, int cost = 1000)
    {
        if (!_keys.TryGetValue(key, out int number))
        {
            number = _keys.Count;
            _keys.Add(key, number);
        }

        _requests.Add(new Request(number, (int)Policies.FreshetCache.EntryBytes(bytes), cost));
    }
}
