namespace Freshet.Server.Proxy.Servers;

/// <summary>The byte in ReadyForQuery.</summary>
internal enum TransactionStatus : byte
{
    Idle = (byte)'I',
    InTransaction = (byte)'T',
    Failed = (byte)'E',
}
