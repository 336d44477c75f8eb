using Freshet.Core.Sql.Analysis;

namespace Freshet.Server.Proxy.Caching;

/// <summary>How refusals are counted: Hyperdrive's values.</summary>
internal static class RefusalBuckets
{
    public static CacheResult Of(RefusalReason reason) =>
        reason switch
        {
            RefusalReason.TooLong => CacheResult.OversizedQuery,
            RefusalReason.NotUnderstood => CacheResult.ParseError,
            RefusalReason.MultipleStatements => CacheResult.MultipleStatements,
            RefusalReason.NotAQuery or RefusalReason.AdminCall or RefusalReason.Writes or RefusalReason.SelectInto =>
                CacheResult.NotAQuery,
            RefusalReason.CurrentTime or RefusalReason.DateWord or RefusalReason.VolatileFunction
                or RefusalReason.UserFunction or RefusalReason.Sequence => CacheResult.Volatile,
            _ => CacheResult.Uncacheable,
        };
}
