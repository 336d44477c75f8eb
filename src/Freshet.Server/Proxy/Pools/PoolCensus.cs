namespace Freshet.Server.Proxy.Pools;

/// <summary>How many of a pool stand where, at one instant.</summary>
internal readonly record struct PoolCensus(int Waiting, int Active, int Idle, int Login, int Cleaning, long OldestWait);
