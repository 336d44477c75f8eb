using Freshet.Server.Demo.Sample;

namespace Freshet.Server.Demo.Traffic;

/// <summary>What one worker asks, in order: the same numbers give the same script, so both sides of the comparison
/// get the same work. Not for use by several threads at once.</summary>
internal sealed class TrafficScript
{
    private const int FewestRequestsOfVisit = 3;
    private const int MostRequestsOfVisit = 8;

    private readonly SeededRandom _random;
    private readonly TrafficPattern _pattern;

    public TrafficScript(TrafficPattern pattern, int round, int worker)
    {
        _pattern = pattern;
        _random = SeededRandom.From((int)pattern, round, worker);
    }

    /// <summary>How many requests the next visit makes before it disconnects.</summary>
    public int NextVisit() => FewestRequestsOfVisit + _random.Below(MostRequestsOfVisit - FewestRequestsOfVisit + 1);

    public SampleRequest Next()
    {
        var requests = _pattern == TrafficPattern.Popular
            ? PopularPages.Requests
            : SampleDatabase.Applications[_random.Below(SampleDatabase.Applications.Length)].Requests;
        var place = _random.Below(requests.Sum(request => request.Share));
        foreach (var (share, make) in requests)
        {
            place -= share;
            if (place < 0)
                return make(_random);
        }
        throw new InvalidOperationException("the shares add up to less than their sum");
    }
}

/// <summary>How the application holds its connections.</summary>
internal enum TrafficPattern
{
    /// <summary>A connection per visit: PHP, serverless functions, many short processes.</summary>
    ConnectPerVisit,

    /// <summary>Each worker keeps its connection: an application with a pool of its own.</summary>
    Persistent,

    /// <summary>Kept connections, nearly all reads, of a few popular pages: what a cache is for.</summary>
    Popular,
}
