using Freshet.Bench.HitRate.Policies;
using Freshet.Bench.HitRate.Traces;

if (args.Length == 0)
{
    Console.Error.WriteLine("""
        usage: hit-rate FOLDER [TRACES] [POLICIES]
          FOLDER    the folder of the traces' files
          TRACES    comma-separated names of traces, or "all" (the default)
          POLICIES  comma-separated: lru, memcache, sieve, s3fifo, wtlfu, freshet (default: all)
        Prints the share of requests answered, in percent, for caches of 1, 5, 10 and 25 % of a trace's bytes;
        in parentheses, for traces that have costs, the share of the cost saved.
        """);
    return 2;
}
bool isEvery = args.Length < 2 || string.Equals(args[1], "all", StringComparison.Ordinal);
Trace[] traces = TraceFile.ReadAll(args[0], isEvery ? [] : args[1].Split(','));
string[] only = args.Length > 2 ? args[2].Split(',') : [];
double[] shares = [0.01, 0.05, 0.10, 0.25];
foreach (Trace trace in traces)
{
    double megabytes = trace.FootprintBytes / 1e6;
    Console.WriteLine($"{trace.Name}: {trace.Requests.Length} requests {trace.Keys} keys {megabytes:F1} MB");
    foreach (double share in shares)
    {
        long bytes = (long)(trace.FootprintBytes * share);
        var makers = new (string, Func<ICache>)[]
        {
            ("lru", () => new LruCache(bytes, trace.Keys)),
            ("memcache", () => new MemoryCacheCache(bytes)),
            ("sieve", () => new SieveCache(bytes, trace.Keys)),
            ("s3fifo", () => new S3FifoCache(bytes, trace.Keys)),
            ("wtlfu", () => new WTinyLfuCache(bytes, trace.Keys, trace.FootprintBytes / trace.Keys)),
            ("freshet", () => new FreshetCache(bytes)),
        };
        Console.Write($"  {share,5:P0} ");
        foreach ((string name, Func<ICache> make) in makers)
        {
            if (only.Length > 0 && !only.Contains(name)) continue;
            using ICache cache = make();
            long hits = 0, saved = 0;
            foreach (Request request in trace.Requests)
            {
                if (!cache.Access(request)) continue;
                hits++;
                saved += request.Cost;
            }
            string savedPart = trace.HasCosts ? $" ({100.0 * saved / trace.Cost:F2})" : "";
            Console.Write($" {name} {100.0 * hits / trace.Requests.Length,6:F2}{savedPart}");
        }
        Console.WriteLine();
    }
}
return 0;
