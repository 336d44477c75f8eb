using System.Buffers.Binary;
using System.Text;
using Freshet.Core.Sql;
using Freshet.Core.Wire;
using Freshet.Server.Proxy.Admin;
using Freshet.Server.Proxy.Clients;
using Freshet.Server.Proxy.Pools;
using Freshet.Server.Proxy.Servers;
using Freshet.Server.Proxy.State;
using Freshet.Server.Proxy.Statements;

namespace Freshet.Server.Proxy.Relay;

/// <summary>
/// Prepared statements of the extended protocol on shared server connections. A client's name stands for a content
/// (<see cref="StatementEntry"/>); on the server the content has one name, whoever uses it. A Parse of what is there is
/// answered by the proxy, in its place among the answers; a Bind of what is not there is preceded by a Parse whose
/// answer the client does not see.
/// </summary>
internal static class StatementRouter
{
    private const StatementTraits NeedsSql = StatementTraits.Execute | StatementTraits.Deallocate;

    public static InspectionResult Parse(
        ClientSession client, ServerConnection server, ReadOnlySpan<byte> message, ref RelayOutput output)
    {
        ReadOnlySpan<byte> body = message[WireLimits.HeaderBytes..];
        int zero = body.IndexOf((byte)0);
        PoolCounters counters = server.Pool.Counters[client.Loop.Index];
        counters.ClientParses++;
        if (zero < 0 || body[(zero + 1)..].IndexOf((byte)0) < 0)
        {
            return InspectionResult.Forward; // malformed: the server says so
        }

        ReadOnlySpan<byte> name = body[..zero];
        ReadOnlySpan<byte> content = body[(zero + 1)..];
        ClientStatements statements = client.State.NeedStatements();
        StatementEntry entry = client.Proxy.Statements.GetOrAdd(
            content, client.Loop.Now, client.Proxy.Snapshot.StatementCacheBytes);
        if ((entry.Traits & StatementTraits.AdminCall) != 0 && AdminGate.Linked(client, server, message) is { } admin)
        {
            return admin;
        }

        OnText(client, server, entry, ref output);
        if (name.IsEmpty || server.Pool.Settings.MaxPreparedStatements == 0)
        {
            counters.ServerParses++;
            return ParsePrivately(client, server, entry, name, message, ref output);
        }

        if (statements.Find(name) is { } present)
        {
            counters.ServerParses++;
            Ensure(client, server, present.Entry, ref output);
            WriteParse(present.Entry.ServerName, content, ref output);
            server.Expected.Add(new ExpectedResponse(ExpectedKind.Parse, ExpectedFlags.DuplicateName, present));
            return InspectionResult.Done(message.Length);
        }

        if (statements.Count >= client.Proxy.Snapshot.MaxClientPreparedStatements)
        {
            client.CloseWith(ClientErrors.TooManyStatements(client.Proxy.Snapshot.MaxClientPreparedStatements));
            return InspectionResult.Wait;
        }

        if (server is { IsBusy: false, Status: TransactionStatus.Failed }
            && (entry.Traits & StatementTraits.TransactionEnd) == 0
            && !entry.Text.IsEmpty)
        {
            // The server refuses it, whatever is prepared: let it say so. Behind other messages nobody can tell: a
            // rollback may stand among them.
            WriteParse(entry.ServerName, content, ref output);
            server.Expected.Add(new ExpectedResponse(ExpectedKind.Parse, ExpectedFlags.DuplicateName, null));
            return InspectionResult.Done(message.Length);
        }

        var statement = new ClientStatement(name.ToArray(), entry);
        statements.Add(statement);
        if (server.Statements.Touch(entry) && !DropStale(server, entry, ref output))
        {
            server.Expected.Add(new ExpectedResponse(ExpectedKind.Parse, ExpectedFlags.Local, statement));
            return InspectionResult.Done(message.Length);
        }

        counters.ServerParses++;
        MakeRoom(client, server, ref output);
        WriteParse(entry.ServerName, content, ref output);
        server.Statements.Add(entry);
        server.Expected.Add(new ExpectedResponse(ExpectedKind.Parse, ExpectedFlags.None, statement));
        return InspectionResult.Done(message.Length);
    }

    /// <summary>A statement too long to be shared: it stays with the server connection, and so does the client.
    /// </summary>
    public static void LongParse(ClientSession client, ReadOnlySpan<byte> message)
    {
        bool unnamed = message.Length > WireLimits.HeaderBytes && message[WireLimits.HeaderBytes] == 0;
        client.State.Pending |= StatementTraits.Opaque;
        client.State.Unclean = true; // LOAD or a seed could be in it
        if (unnamed)
        {
            var unknown = StatementEntry.NotKept();
            client.State.NeedStatements().Unnamed = unknown;
            client.Server!.Statements.Unnamed = unknown;
        }
        else
        {
            client.Link.SetPins(client.State.Pins | PinReasons.LargeStatement);
        }
    }

    public static InspectionResult Bind(
        ClientSession client, ServerConnection server, ReadOnlySpan<byte> message, ref RelayOutput output)
    {
        server.Pool.Counters[client.Loop.Index].Binds++;
        ReadOnlySpan<byte> body = message[WireLimits.HeaderBytes..];
        int portalEnd = body.IndexOf((byte)0);
        int nameLength = portalEnd < 0 ? -1 : body[(portalEnd + 1)..].IndexOf((byte)0);
        if (nameLength < 0)
        {
            return InspectionResult.Forward; // malformed: the server says so
        }

        ReadOnlySpan<byte> name = body.Slice(portalEnd + 1, nameLength);
        if (Resolve(client, server, name, ref output) is not { } entry)
        {
            return InspectionResult.Forward;
        }

        int used = WireLimits.HeaderBytes + portalEnd + 1 + nameLength + 1;
        int total = BinaryPrimitives.ReadInt32BigEndian(message[1..]) + 1;
        Span<byte> head = stackalloc byte[WireLimits.HeaderBytes];
        head[0] = FrontendMessage.Bind;
        BinaryPrimitives.WriteInt32BigEndian(head[1..], total - 1 - nameLength + entry.ServerName.Length);
        output.Insert(head);
        output.Insert(body[..(portalEnd + 1)]);
        output.Insert(entry.ServerName);
        output.Insert([0]);
        server.Expected.Add(new ExpectedResponse(ExpectedKind.Bind, ExpectedFlags.None, entry));
        return InspectionResult.Done(used);
    }

    public static InspectionResult Describe(
        ClientSession client, ServerConnection server, ReadOnlySpan<byte> message, ref RelayOutput output)
    {
        if (!TryName(message, out ReadOnlySpan<byte> name)
            || Resolve(client, server, name, ref output) is not { } entry)
        {
            return InspectionResult.Forward;
        }

        WriteNamed(FrontendMessage.Describe, entry, ref output);
        server.Expected.Add(new ExpectedResponse(ExpectedKind.DescribeStatement, ExpectedFlags.None, entry));
        return InspectionResult.Done(message.Length);
    }

    public static InspectionResult Close(
        ClientSession client, ServerConnection server, ReadOnlySpan<byte> message, ref RelayOutput output)
    {
        if (!TryName(message, out ReadOnlySpan<byte> name))
        {
            return InspectionResult.Forward;
        }

        ClientStatements? statements = client.State.Statements;
        if (name.IsEmpty)
        {
            server.Statements.Unnamed = null;
            statements?.Unnamed = null;

            return InspectionResult.Forward;
        }

        if (statements?.Find(name) is { } statement)
        {
            statements.Remove(statement);
            server.Expected.Add(new ExpectedResponse(ExpectedKind.Close, ExpectedFlags.Local, statement));
            return InspectionResult.Done(message.Length);
        }

        string text = Encoding.UTF8.GetString(name);
        if (statements?.Sql?.Remove(text) ?? false)
        {
            server.Statements.Sql?.Remove(text);
        }

        return InspectionResult.Forward;
    }

    /// <summary>Has the content prepared on the server under its shared name.</summary>
    private static void Ensure(
        ClientSession client, ServerConnection server, StatementEntry entry, ref RelayOutput output)
    {
        if (!server.Statements.Touch(entry))
        {
            server.Pool.Counters[client.Loop.Index].ServerParses++;
            MakeRoom(client, server, ref output);
            WriteParse(entry.ServerName, entry.Body, ref output);
            server.Statements.Add(entry);
            server.Expected.Add(new ExpectedResponse(ExpectedKind.Parse, ExpectedFlags.Swallow, entry));
        }
    }

    /// <summary>The entry behind a client's name, now prepared on the server; null: send the name as it is.</summary>
    private static StatementEntry? Resolve(
        ClientSession client, ServerConnection server, ReadOnlySpan<byte> name, ref RelayOutput output)
    {
        ClientStatements? statements = client.State.Statements;
        if (name.IsEmpty)
        {
            ResolveUnnamed(statements, server, ref output);
            return null;
        }

        if (statements?.Find(name) is not { } statement)
        {
            SqlStatements.Ensure(client, server, Encoding.UTF8.GetString(name), ref output);
            return null;
        }

        OnText(client, server, statement.Entry, ref output);
        Ensure(client, server, statement.Entry, ref output);
        return statement.Entry;
    }

    private static void ResolveUnnamed(ClientStatements? statements, ServerConnection server, ref RelayOutput output)
    {
        StatementEntry? entry = statements?.Unnamed;
        StatementEntry? present = server.Statements.Unnamed;
        if (ReferenceEquals(entry, present))
        {
            return;
        }

        if (entry is null or { IsKept: false })
        {
            // Another session's: the server is to say that there is none.
            output.Insert("C\0\0\0\x6S\0"u8);
            server.Statements.Unnamed = null;
            server.Expected.Add(new ExpectedResponse(
                ExpectedKind.Close, ExpectedFlags.Swallow | ExpectedFlags.Unnamed, present));
            return;
        }

        WriteParse(default, entry.Body, ref output);
        server.Statements.Unnamed = entry;
        server.Expected.Add(
            new ExpectedResponse(ExpectedKind.Parse, ExpectedFlags.Swallow | ExpectedFlags.Unnamed, entry));
    }

    /// <summary>The unnamed statement, or a named one where sharing is off: it goes to the server as it came.</summary>
    private static InspectionResult ParsePrivately(
        ClientSession client, ServerConnection server, StatementEntry entry, ReadOnlySpan<byte> name,
        ReadOnlySpan<byte> message, ref RelayOutput output)
    {
        output.Insert(message);
        if (name.IsEmpty)
        {
            client.State.Statements!.Unnamed = entry;
            server.Statements.Unnamed = entry;
            server.Expected.Add(new ExpectedResponse(ExpectedKind.Parse, ExpectedFlags.Unnamed, entry));
        }
        else
        {
            client.Link.SetPins(client.State.Pins | PinReasons.PreparedStatement);
            server.Expected.Add(new ExpectedResponse(ExpectedKind.Parse, ExpectedFlags.None, null));
        }

        return InspectionResult.Done(message.Length);
    }

    private static void OnText(
        ClientSession client, ServerConnection server, StatementEntry entry, ref RelayOutput output)
    {
        if (entry.Traits == StatementTraits.None)
        {
            return;
        }

        if ((entry.Traits & StatementTraits.CustomSetting) != 0 && !CustomSettingNames.Note(entry.Text, client.State))
        {
            client.Link.SetPins(client.State.Pins | PinReasons.UnknownSetting);
        }

        QueryInspector.NoteTraits(client, entry.Text, entry.Traits);
        if ((entry.Traits & StatementTraits.Prepare) != 0)
        {
            client.Link.SetPins(client.State.Pins | PinReasons.SqlPrepare);
        }

        if ((entry.Traits & NeedsSql) != 0)
        {
            SqlStatements.HandleBatch(client, server, StatementTraits.None, ref output);
        }
    }

    private static bool DropStale(ServerConnection server, StatementEntry entry, ref RelayOutput output)
    {
        if (!server.Statements.Stale.Remove(entry))
        {
            return false;
        }

        server.Statements.Remove(entry);
        WriteClose(server, entry, ExpectedFlags.Swallow, ref output);
        return true;
    }

    private static void MakeRoom(ClientSession client, ServerConnection server, ref RelayOutput output)
    {
        if (server.Statements.TakeEvicted(server.Pool.Settings.MaxPreparedStatements) is { } evicted)
        {
            WriteClose(server, evicted, ExpectedFlags.Swallow | ExpectedFlags.Evict, ref output);
        }
    }

    private static void WriteParse(ReadOnlySpan<byte> name, ReadOnlySpan<byte> content, ref RelayOutput output)
    {
        Span<byte> head = stackalloc byte[WireLimits.HeaderBytes];
        head[0] = FrontendMessage.Parse;
        BinaryPrimitives.WriteInt32BigEndian(head[1..], 4 + name.Length + 1 + content.Length);
        output.Insert(head);
        output.Insert(name);
        output.Insert([0]);
        output.Insert(content);
    }

    /// <summary>A Describe or Close of a shared statement.</summary>
    private static void WriteNamed(byte type, StatementEntry entry, ref RelayOutput output)
    {
        Span<byte> head = stackalloc byte[WireLimits.HeaderBytes + 1];
        head[0] = type;
        BinaryPrimitives.WriteInt32BigEndian(head[1..], 4 + 1 + entry.ServerName.Length + 1);
        head[5] = (byte)'S';
        output.Insert(head);
        output.Insert(entry.ServerName);
        output.Insert([0]);
    }

    private static void WriteClose(
        ServerConnection server, StatementEntry entry, ExpectedFlags flags, ref RelayOutput output)
    {
        WriteNamed(FrontendMessage.Close, entry, ref output);
        server.Expected.Add(new ExpectedResponse(ExpectedKind.Close, flags, entry));
    }

    /// <summary>The statement name of a Describe or Close; false: a portal, or malformed.</summary>
    private static bool TryName(ReadOnlySpan<byte> message, out ReadOnlySpan<byte> name)
    {
        name = default;
        if (message.Length < WireLimits.HeaderBytes + 2 || message[5] != (byte)'S' || message[^1] != 0)
        {
            return false;
        }

        name = message[6..^1];
        return !name.Contains((byte)0);
    }
}
