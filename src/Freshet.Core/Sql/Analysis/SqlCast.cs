namespace Freshet.Core.Sql.Analysis;

/// <summary>A place where a value may become one of another type: <c>x::type</c>, <c>CAST(x AS type)</c>,
/// <c>type(x)</c>, <c>(x).type</c>. The server reads any text as any type there, with the type's own input function.
/// </summary>
/// <param name="Type">The word that may be a type.</param>
/// <param name="Source">What is converted.</param>
/// <param name="Column">The column's name when it is one.</param>
internal readonly record struct SqlCast(string Type, SqlCastSource Source, string Column);

/// <summary>What a cast converts.</summary>
internal enum SqlCastSource
{
    /// <summary>A literal or parameter: it is looked at by itself.</summary>
    Constant,

    /// <summary>A column of a relation of the statement's FROM.</summary>
    Column,

    /// <summary>What is a date already.</summary>
    Date,
    Other,
}
