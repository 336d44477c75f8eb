using Freshet.Server.Proxy.Servers;
using Freshet.Server.Proxy.State;

namespace Freshet.Server.Proxy.Clients;

/// <summary>Makes a connection whose client is gone as good as new: ends its transaction, then discards what the
/// session left behind, each in a query of its own (DISCARD ALL refuses to run inside a transaction).</summary>
internal sealed class CleanServer : ServerOperation
{
    private readonly string _sql;
    private readonly bool _resetNext;

    private CleanServer(string sql, bool resetNext)
    {
        _sql = sql;
        _resetNext = resetNext;
    }

    public override string Sql => _sql;

    public static void Begin(ServerConnection server, bool reset)
    {
        server.Transport!.ResumeReading(server);
        if (server.Status != TransactionStatus.Idle)
        {
            server.Run(new CleanServer("ROLLBACK", reset));
        }
        else if (reset)
        {
            Reset(server);
        }
        else
        {
            Return(server);
        }
    }

    public override void Completed(ServerConnection server)
    {
        if (Error is not null || server.Status != TransactionStatus.Idle)
        {
            server.Close($"cleaning it with {_sql} failed");
        }
        else if (_resetNext)
        {
            Reset(server);
        }
        else
        {
            Return(server);
        }
    }

    private static void Reset(ServerConnection server)
    {
        string query = server.Pool.Settings.ServerResetQuery;
        if (query.Length == 0)
        {
            server.Close("its client went away, and pool.serverResetQuery is empty");
            return;
        }

        server.Run(new CleanServer(query, resetNext: false));
        server.Statements.Clear();
        server.Settings = SettingsSet.Empty;
    }

    private static void Return(ServerConnection server)
    {
        if (server.IsClean)
        {
            server.Pool.Release(server);
        }
        else
        {
            server.Close("it is not clean");
        }
    }
}
