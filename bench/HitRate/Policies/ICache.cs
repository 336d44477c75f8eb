using Freshet.Bench.HitRate.Traces;

namespace Freshet.Bench.HitRate.Policies;

/// <summary>A cache of so many bytes: what each policy is to this bench.</summary>
internal interface ICache : IDisposable
{
    /// <summary>True: it was there. False: it was not, and is now, if the policy wants it.</summary>
    bool Access(in Request request);
}
