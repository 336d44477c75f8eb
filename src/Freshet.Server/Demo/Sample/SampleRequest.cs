using System.Collections.Immutable;

namespace Freshet.Server.Demo.Sample;

/// <summary>One statement with its parameters in text format.</summary>
internal sealed record SampleStatement(string Sql, params string[] Parameters);

/// <summary>What an application does in one go: a single statement, or several as one transaction. It is what the
/// demo counts and times.</summary>
internal sealed record SampleRequest(string Kind, ImmutableArray<SampleStatement> Statements)
{
    public bool IsTransaction => Statements.Length > 1;

    public static SampleRequest Of(string kind, params SampleStatement[] statements) => new(kind, [.. statements]);
}

/// <summary>One of the sample applications: its tables in a schema of its own, its rows, what it asks.</summary>
/// <param name="Name">For people.</param>
/// <param name="Rows">Rows in all its tables after the load.</param>
/// <param name="Tables">Creates schema and tables, without keys: a bulk load is faster so.</param>
/// <param name="Fill">Inserts the rows. Every value follows from the row's number through <c>sample.pick</c>.</param>
/// <param name="Keys">Primary and foreign keys, indexes, statistics.</param>
/// <param name="Requests">Each kind of request with its share in the application's traffic.</param>
internal sealed record SampleApplication(
    string Name,
    int Rows,
    string Tables,
    string Fill,
    string Keys,
    ImmutableArray<(int Share, Func<SeededRandom, SampleRequest> Make)> Requests);
