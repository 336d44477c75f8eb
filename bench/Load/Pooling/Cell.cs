namespace Freshet.Bench.Load.Pooling;

/// <summary>One combination that every party is measured in.</summary>
/// <param name="Protocol">pgbench's <c>-M</c>: simple, extended, prepared.</param>
internal sealed record Cell(string Protocol, int Clients, bool Tls);
