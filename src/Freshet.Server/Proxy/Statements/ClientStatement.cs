namespace Freshet.Server.Proxy.Statements;

/// <summary>A name that a client gave to a statement.</summary>
/// <param name="Name">Without the terminating zero.</param>
/// <param name="Entry">Its content.</param>
internal sealed record ClientStatement(byte[] Name, StatementEntry Entry);
