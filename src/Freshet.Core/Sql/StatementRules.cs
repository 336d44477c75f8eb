namespace Freshet.Core.Sql;

/// <summary>The tables behind <see cref="StatementScanner"/>: which words give which traits.</summary>
internal static class StatementRules
{
    /// <summary>What the leading keyword says by itself.</summary>
    public static StatementTraits OfLeading(StatementKind leading) => leading switch
    {
        StatementKind.Listen => StatementTraits.Listen,
        StatementKind.Unlisten => StatementTraits.Unlisten,
        StatementKind.Notify => StatementTraits.Notify,
        StatementKind.Close => StatementTraits.CloseCursor,
        StatementKind.Execute => StatementTraits.Execute,
        StatementKind.Deallocate => StatementTraits.Deallocate,
        StatementKind.Load => StatementTraits.Load,
        StatementKind.Begin or StatementKind.Start => StatementTraits.TransactionBegin,
        StatementKind.Commit or StatementKind.End or StatementKind.Abort => StatementTraits.TransactionEnd,
        StatementKind.Savepoint or StatementKind.Release => StatementTraits.Savepoint,
        StatementKind.Copy => StatementTraits.Copy,
        StatementKind.Drop => StatementTraits.Drop | StatementTraits.Ddl,
        StatementKind.Create or StatementKind.Alter => StatementTraits.Ddl,
        StatementKind.Do => StatementTraits.Do,
        StatementKind.Call => StatementTraits.Call,
        _ => StatementTraits.None,
    };

    /// <summary>SET by its second word; behind SESSION and LOCAL the third counts (SET SESSION ROLE), behind
    /// SESSION SESSION the fourth.</summary>
    public static StatementTraits OfSet(SqlKeyword word, SqlKeyword previous, int position)
    {
        if (position == 1)
        {
            return word switch
            {
                SqlKeyword.Local => StatementTraits.SetLocal,
                SqlKeyword.Session or SqlKeyword.Transaction or SqlKeyword.Constraints or SqlKeyword.Role =>
                    StatementTraits.None,
                _ => StatementTraits.Set,
            };
        }

        if (previous == SqlKeyword.Session && word == SqlKeyword.Authorization)
            return StatementTraits.SessionAuthorization;
        return position == 2 && previous == SqlKeyword.Session && word is not (SqlKeyword.Session or SqlKeyword.Role)
            ? StatementTraits.Set
            : StatementTraits.None;
    }

    /// <summary>Names that begin with <c>pg_</c>. The functions of transaction-level locks are called
    /// <c>pg_advisory_xact_…</c>, so the prefixes tell them apart.</summary>
    public static StatementTraits OfServerName(ReadOnlySpan<byte> name)
    {
        if (name.StartsWith("pg_advisory_lock"u8) || name.StartsWith("pg_try_advisory_lock"u8))
            return StatementTraits.AdvisoryLock;
        if (name.StartsWith("pg_advisory_unlock"u8)) return StatementTraits.AdvisoryUnlock;
        return name.SequenceEqual("pg_temp"u8) || name.StartsWith("pg_temp_"u8)
            ? StatementTraits.TempObject
            : StatementTraits.None;
    }
}
