using Freshet.Server.Proxy.Telemetry;

namespace Freshet.Server.Proxy.Caching;

/// <summary>Adds up one database's counters of all loops.</summary>
internal static class CacheStatisticsReader
{
    public static CacheStatistics Read(DatabaseCache database)
    {
        CacheCounters[] counters = database.Counters;
        return new CacheStatistics
        {
            Target = database.Target,
            Database = database.Name,
            Mode = database.Settings.Mode.ToString().ToLowerInvariant(),
            EffectiveMode = database.Effective(database.Settings.Mode).ToString().ToLowerInvariant(),
            Requests =
            [
                .. Enum.GetValues<CacheResult>().Select(result =>
                    (result.ToString().ToLowerInvariant(), counters.Sum(of => of.Requests[(int)result]))),
            ],
            Stored = counters.Sum(of => of.Stored),
            Dropped =
            [
                ("overtaken", counters.Sum(of => of.Overtaken)),
                ("unconfirmed", counters.Sum(of => of.Unconfirmed)),
                ("refused", counters.Sum(of => of.Refused)),
            ],
            Invalidations =
            [
                .. Enum.GetValues<InvalidationKind>().Select(kind =>
                    (kind.ToString().ToLowerInvariant(), database.Invalidator.Done(kind))),
            ],
            FloorWaits = counters.Sum(of => of.FloorWaits),
            FloorTimeouts = counters.Sum(of => of.FloorTimeouts),
            Joined = counters.Sum(of => of.Joined),
            ServedStale = counters.Sum(of => of.ServedStale + of.ServedOnError),
            Renewals = counters.Sum(of => of.Renewals),
            Verified = counters.Sum(of => of.Verified),
            Mismatches = counters.Sum(of => of.Mismatches),
            SavedMicroseconds = counters.Sum(of => of.SavedMicroseconds),
            Statements = database.Statements.Count,
            SchemaVersion = database.Freshness.SchemaVersion,
        };
    }
}
