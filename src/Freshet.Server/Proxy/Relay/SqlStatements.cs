using System.Text;
using Freshet.Core.Sql;
using Freshet.Core.Wire;
using Freshet.Server.Proxy.Clients;
using Freshet.Server.Proxy.Servers;
using Freshet.Server.Proxy.State;
using Freshet.Server.Proxy.Statements;

namespace Freshet.Server.Proxy.Relay;

/// <summary>
/// SQL's own PREPARE, EXECUTE and DEALLOCATE on shared server connections: the text of each PREPARE is kept with the
/// session and repeated on a connection that does not have it, before the statement that needs it. Names of other
/// sessions are deallocated first. A name given by a Parse message can be executed and deallocated too, as on the
/// server (PDO does).
/// </summary>
internal static class SqlStatements
{
    public static InspectionResult Handle(
        ClientSession client,
        ServerConnection server,
        ReadOnlySpan<byte> text,
        StatementTraits traits,
        bool conforming,
        ref RelayOutput output
    )
    {
        if (LoneStatement.TryParsePrepare(text, conforming, out string prepared))
        {
            return OnPrepare(client, server, prepared, text, ref output);
        }

        if (LoneStatement.TryParseExecute(text, conforming, out string executed))
        {
            Ensure(client, server, executed, ref output);
            return InspectionResult.Forward;
        }

        if (LoneStatement.TryParseDeallocate(text, conforming, out string? deallocated))
        {
            return OnDeallocate(client, server, deallocated, text.Length, ref output);
        }

        return HandleBatch(client, server, traits, ref output);
    }

    /// <summary>Several statements, or a form that hides the name: everything the session prepared must be there.
    /// </summary>
    public static InspectionResult HandleBatch(
        ClientSession client,
        ServerConnection server,
        StatementTraits traits,
        ref RelayOutput output
    )
    {
        foreach (string name in client.State.Statements?.Sql?.Keys.ToArray() ?? [])
        {
            Ensure(client, server, name, ref output);
        }

        if ((traits & StatementTraits.Prepare) != 0)
        {
            client.Link.SetPins(client.State.Pins | PinReasons.SqlPrepare);
        }

        return new InspectionResult(InspectionAction.Forward, 0, Barrier: true);
    }

    /// <summary>The statement under way is done: what it prepared or deallocated is now known.</summary>
    public static void Settle(ClientSession client, ServerConnection server, string name, byte[]? text)
    {
        ClientStatements statements = client.State.NeedStatements();
        if (text is not null)
        {
            (statements.Sql ??= new Dictionary<string, byte[]>(StringComparer.Ordinal))[name] = text;
            (server.Statements.Sql ??= new Dictionary<string, byte[]>(StringComparer.Ordinal))[name] = text;
        }
        else
        {
            statements.Sql?.Remove(name);
            server.Statements.Sql?.Remove(name);
            if (statements.Find(Encoding.UTF8.GetBytes(name)) is { } named)
            {
                statements.Remove(named);
            }
        }
    }

    /// <summary>Makes the server connection have the session's statement of that name, whatever made it.</summary>
    public static void Ensure(ClientSession client, ServerConnection server, string name, ref RelayOutput output)
    {
        if (server.Status == TransactionStatus.Failed)
        {
            return;
        }

        ClientStatements? statements = client.State.Statements;
        byte[]? wanted = null;
        bool bySql = statements?.Sql?.TryGetValue(name, out wanted) ?? false;
        ClientStatement? byParse = bySql ? null : statements?.Find(Encoding.UTF8.GetBytes(name));
        wanted ??= byParse?.Entry.Body;
        byte[]? present = server.Statements.Sql?.GetValueOrDefault(name);
        if (ReferenceEquals(wanted, present))
        {
            return;
        }

        Displace(server, name, ref output);
        if (wanted is null)
        {
            return; // another session's: the server is to say that there is none
        }

        (server.Statements.Sql ??= new Dictionary<string, byte[]>(StringComparer.Ordinal))[name] = wanted;
        if (bySql)
        {
            Inject(server, wanted, ref output);
            return;
        }

        output.Insert(
            new MessageWriter(wanted.Length + 64)
                .Begin(FrontendMessage.Parse)
                .CString(byParse!.Name)
                .Bytes(wanted)
                .End()
                .Begin(FrontendMessage.Sync)
                .End()
                .Written
        );
        server.Expected.Add(new ExpectedResponse(ExpectedKind.Parse, ExpectedFlags.Swallow, null));
        server.Expected.Add(new ExpectedResponse(ExpectedKind.Sync, ExpectedFlags.Swallow, null));
    }

    private static InspectionResult OnPrepare(
        ClientSession client,
        ServerConnection server,
        string name,
        ReadOnlySpan<byte> text,
        ref RelayOutput output
    )
    {
        ClientStatements statements = client.State.NeedStatements();
        if (statements.Count >= client.Proxy.Snapshot.MaxClientPreparedStatements)
        {
            client.CloseWith(ClientErrors.TooManyStatements(client.Proxy.Snapshot.MaxClientPreparedStatements));
            return InspectionResult.Wait;
        }

        bool own =
            (statements.Sql?.ContainsKey(name) ?? false) || statements.Find(Encoding.UTF8.GetBytes(name)) is not null;
        if (own)
        {
            Ensure(client, server, name, ref output); // so that the server refuses the name, as it should
        }
        else
        {
            Displace(server, name, ref output);
            client.State.SqlUnderWay = (name, text.ToArray());
        }

        return new InspectionResult(InspectionAction.Forward, 0, Barrier: true);
    }

    private static InspectionResult OnDeallocate(
        ClientSession client,
        ServerConnection server,
        string? name,
        int textLength,
        ref RelayOutput output
    )
    {
        if (name is null)
        {
            return new InspectionResult(InspectionAction.Forward, 0, Barrier: true);
        }

        ClientStatements? statements = client.State.Statements;
        bool bySql = statements?.Sql?.ContainsKey(name) ?? false;
        if (
            !bySql
            && statements?.Find(Encoding.UTF8.GetBytes(name)) is { } named
            && !server.IsBusy
            && server.Status != TransactionStatus.Failed
        )
        {
            // Known to the server under a shared name, or not at all: nothing to do there.
            statements.Remove(named);
            client.Transport.Send(
                new MessageWriter()
                    .Begin(BackendMessage.CommandComplete)
                    .CString("DEALLOCATE")
                    .End()
                    .Begin(BackendMessage.ReadyForQuery)
                    .Byte((byte)server.Status)
                    .End()
                    .Written
            );
            return InspectionResult.Done(WireLimits.HeaderBytes + textLength + 1);
        }

        if (bySql)
        {
            Ensure(client, server, name, ref output);
            client.State.SqlUnderWay = (name, null);
        }
        else
        {
            Displace(server, name, ref output); // another session's must not be found
        }

        return new InspectionResult(InspectionAction.Forward, 0, Barrier: true);
    }

    /// <summary>Takes a name away that another session left on the connection.</summary>
    private static void Displace(ServerConnection server, string name, ref RelayOutput output)
    {
        if (server.Statements.Sql is { } present && present.Remove(name))
        {
            // A Close message, not DEALLOCATE: it may stand in the middle of a batch.
            output.Insert(new MessageWriter().Begin(FrontendMessage.Close).Byte((byte)'S').CString(name).End().Written);
            server.Expected.Add(new ExpectedResponse(ExpectedKind.Close, ExpectedFlags.Swallow, null));
        }
    }

    private static void Inject(ServerConnection server, ReadOnlySpan<byte> text, ref RelayOutput output)
    {
        output.Insert(new MessageWriter(text.Length + 16).Begin(FrontendMessage.Query).CString(text).End().Written);
        server.Expected.Add(new ExpectedResponse(ExpectedKind.Query, ExpectedFlags.Swallow, null));
        server.Statements.Unnamed = null; // a simple query drops it
    }
}
