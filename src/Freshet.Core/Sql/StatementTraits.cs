namespace Freshet.Core.Sql;

/// <summary>What a query text could do to its session, judged by its tokens: a superset of what it does. "Leading"
/// means the first keyword of any statement in the text.</summary>
[Flags]
internal enum StatementTraits : ulong
{
    None = 0,

    /// <summary>SET that outlasts the transaction.</summary>
    Set = 1UL << 0,

    /// <summary>SET LOCAL.</summary>
    SetLocal = 1UL << 1,

    /// <summary>The identifier <c>set_config</c>, or an UPDATE with <c>pg_settings</c>.</summary>
    SetConfig = 1UL << 2,

    /// <summary>RESET of one setting.</summary>
    Reset = 1UL << 3,
    ResetAll = 1UL << 4,
    DiscardAll = 1UL << 5,

    /// <summary>DISCARD of anything but ALL.</summary>
    Discard = 1UL << 6,
    Listen = 1UL << 7,
    Unlisten = 1UL << 8,
    Notify = 1UL << 9,

    /// <summary>CREATE or SELECT INTO of something temporary, or the schema <c>pg_temp</c>.</summary>
    TempObject = 1UL << 10,

    /// <summary>A function that takes a session-level advisory lock.</summary>
    AdvisoryLock = 1UL << 11,
    AdvisoryUnlock = 1UL << 12,

    /// <summary>DECLARE … WITH HOLD.</summary>
    HoldCursor = 1UL << 13,
    CloseCursor = 1UL << 14,

    /// <summary>SQL-level PREPARE.</summary>
    Prepare = 1UL << 15,
    PrepareTransaction = 1UL << 16,

    /// <summary>SQL-level EXECUTE: leading, explained, or behind CREATE TABLE … AS.</summary>
    Execute = 1UL << 17,
    Deallocate = 1UL << 18,
    Load = 1UL << 19,

    /// <summary><c>setseed</c> or SET SEED.</summary>
    Seed = 1UL << 20,

    /// <summary>BEGIN or START.</summary>
    TransactionBegin = 1UL << 21,

    /// <summary>COMMIT, END, ROLLBACK, ABORT; not ROLLBACK TO.</summary>
    TransactionEnd = 1UL << 22,

    /// <summary>SAVEPOINT, RELEASE, ROLLBACK TO.</summary>
    Savepoint = 1UL << 23,
    Copy = 1UL << 24,

    /// <summary>SET of a name with a dot: RESET does not remove it, it stays behind as an empty value.</summary>
    CustomSetting = 1UL << 25,
    Drop = 1UL << 26,

    /// <summary>CREATE, ALTER or DROP: plans may be invalid after it.</summary>
    Ddl = 1UL << 27,
    Do = 1UL << 28,
    Call = 1UL << 29,

    /// <summary>SET or RESET of ROLE or SESSION AUTHORIZATION.</summary>
    SessionAuthorization = 1UL << 30,

    /// <summary>The scanner could not see a name (<c>U&amp;"…"</c>, a dollar tag beyond 64 bytes): treat it as if it
    /// had every trait.</summary>
    Opaque = 1UL << 31,

    /// <summary>It begins with <c>SELECT freshet</c> or <c>SELECT * FROM freshet</c>: it may be an
    /// <see cref="AdminCall"/>.</summary>
    AdminCall = 1UL << 32,
}

/// <summary>What <see cref="StatementScanner"/> found.</summary>
/// <param name="Traits">Of all statements together.</param>
/// <param name="Statements">Statements that are not empty, split at top-level semicolons.</param>
/// <param name="First">The first statement's leading keyword.</param>
internal readonly record struct StatementScan(StatementTraits Traits, int Statements, StatementKind First);
