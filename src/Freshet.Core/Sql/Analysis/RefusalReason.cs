namespace Freshet.Core.Sql.Analysis;

/// <summary>Why a statement's results are not cached.</summary>
internal enum RefusalReason
{
    None,

    /// <summary>Longer than the limit; not looked at.</summary>
    TooLong,

    /// <summary>The lexer cannot follow it, or the server will reject it.</summary>
    NotUnderstood,
    MultipleStatements,

    /// <summary>Not one SELECT, VALUES, TABLE or WITH.</summary>
    NotAQuery,

    /// <summary>The proxy answers it itself.</summary>
    AdminCall,

    /// <summary>INSERT, UPDATE, DELETE or MERGE stands somewhere in it.</summary>
    Writes,
    SelectInto,

    /// <summary>FOR UPDATE, FOR SHARE and their kin.</summary>
    RowLock,

    /// <summary>It reads the clock.</summary>
    CurrentTime,

    /// <summary>A literal that a date type would read as the present time.</summary>
    DateWord,

    /// <summary>A text that is not known from the statement becomes a date; it may say <c>now</c>.</summary>
    DateCast,

    /// <summary>A function that is not IMMUTABLE and not known to depend on its arguments and the settings
    /// only.</summary>
    VolatileFunction,

    /// <summary>A user-defined function whose results nobody vouches for.</summary>
    UserFunction,

    /// <summary>An operator or cast backed by such a function.</summary>
    UserOperator,
    UserCast,
    SystemColumn,
    SystemCatalog,
    Sequence,
    TemporaryTable,
    TableSample,

    /// <summary>Row security: what it shows depends on more than the key holds.</summary>
    RowSecurity,

    /// <summary>More tables than are followed for one statement.</summary>
    TooManyTables,

    /// <summary>Changes to a table are not in the stream: no usable replica identity, unlogged, foreign, or a
    /// materialized view.</summary>
    NotTracked,
}
