namespace Freshet.Bench.HitRate.Traces;

/// <summary>A recorded sequence of requests for one cache.</summary>
internal sealed class Trace(string name, bool hasCosts, Request[] requests)
{
    public string Name => name;

    /// <summary>Otherwise each miss costs the same.</summary>
    public bool HasCosts => hasCosts;

    public Request[] Requests => requests;

    public int Keys { get; } = requests.Max(request => request.Key) + 1;

    /// <summary>What a cache needs to hold everything: each key in its first size.</summary>
    public long FootprintBytes { get; } = FootprintOf(requests);

    public long Cost { get; } = requests.Sum(request => (long)request.Cost);

    private static long FootprintOf(Request[] requests)
    {
        long bytes = 0;
        int next = 0;
        foreach (Request request in requests)
        {
            if (request.Key == next)
            {
                bytes += request.Bytes;
                next++;
            }
        }

        return bytes;
    }
}
