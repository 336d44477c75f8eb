namespace Freshet.Core.Sql;

/// <summary>The leading keyword of a statement; parentheses before it do not count.</summary>
internal enum StatementKind : byte
{
    /// <summary>No statement: nothing but white space, comments and semicolons.</summary>
    Empty,

    /// <summary>Something that starts with no keyword of this list.</summary>
    Other,
    Abort, Alter, Analyze, Begin, Call, Checkpoint, Close, Cluster, Comment, Commit, Copy, Create, Deallocate, Declare,
    Delete, Discard, Do, Drop, End, Execute, Explain, Fetch, Grant, Import, Insert, Listen, Load, Lock, Merge, Move,
    Notify, Prepare, Reassign, Refresh, Reindex, Release, Reset, Revoke, Rollback, Savepoint, Security, Select, Set,
    Show, Start, Table, Truncate, Unlisten, Update, Vacuum, Values, With,
}
