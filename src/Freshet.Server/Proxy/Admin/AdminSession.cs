using System.Text;
using Freshet.Core.Sql;
using Freshet.Core.Wire;
using Freshet.Server.Proxy.Caching;
using Freshet.Server.Proxy.Clients;
using Freshet.Server.Proxy.Servers;
using Freshet.Server.Proxy.Statements;

namespace Freshet.Server.Proxy.Admin;

/// <summary>
/// One client's admin calls (<see cref="AdminCall"/>), which the proxy answers in the server's place, message by
/// message, in a session without a server connection as in one that has one. Made with the first such message. A call
/// is carried out on another thread; while it is under way (<see cref="IsBusy"/>) the client's input waits. Nothing is
/// taken while answers of a server are due, so ours come in their turn. On the client's loop.
/// </summary>
internal sealed class AdminSession(ClientSession client)
{
    /// <summary>Of the types that a parameter may be declared with: text, varchar, bpchar, name, unknown.</summary>
    private static readonly int[] TextTypes = [0, 25, 1043, 1042, 19, 705];

    private readonly MessageWriter _output = new();

    /// <summary>Null: the unnamed portal is none of ours.</summary>
    private AdminPortal? _portal;

    /// <summary>A call is being carried out.</summary>
    public bool IsBusy { get; private set; }

    /// <summary>Whether <see cref="TryTake"/> would take it, as far as can be told without doing it.</summary>
    public bool Concerns(byte type, ReadOnlySpan<byte> body)
    {
        var reader = new MessageReader(body);
        return type switch
        {
            FrontendMessage.Query => Read(body.TrimEnd((byte)0)) is not null,
            FrontendMessage.Parse => reader.TryCString(out _) && reader.TryCString(out ReadOnlySpan<byte> text)
                && Read(text) is not null,
            FrontendMessage.Bind => reader.TryCString(out _) && reader.TryCString(out ReadOnlySpan<byte> name)
                && FindCall(name) is not null,
            FrontendMessage.Describe => body is [(byte)'S', .., 0] && FindCall(body[1..^1]) is not null,
            _ => false,
        };
    }

    /// <summary>Answers a whole message; false: it is none of ours.</summary>
    public bool TryTake(byte type, ReadOnlySpan<byte> body)
    {
        if (CacheContext.HidesTokens(client.State.Settings))
        {
            return false;
        }

        _output.Clear();
        bool taken = type switch
        {
            FrontendMessage.Query => TryQuery(body),
            FrontendMessage.Parse => TryParse(body),
            FrontendMessage.Bind => TryBind(body),
            FrontendMessage.Describe => TryDescribe(body),
            FrontendMessage.Execute => TryExecute(body),
            _ => false,
        };
        if (_output.Written.Length > 0)
        {
            client.Transport.Send(_output.Written);
        }

        return taken;
    }

    private bool TryQuery(ReadOnlySpan<byte> body)
    {
        _portal = null;
        if (body is not [.., 0] || Read(body[..^1]) is not { } call)
        {
            return false;
        }

        client.State.Statements?.Unnamed = null; // a simple query drops it
        AdminError? error = AdminError.Of(call);
        if (error is null && call.HasParameter)
        {
            error = new AdminError(SqlState.UndefinedParameter, "there is no parameter $1", null);
        }

        if (error is null)
        {
            Run(call, call.Constant, EndQuery);
        }
        else
        {
            EndQuery(null, error);
        }

        return true;

        void EndQuery(AdminTable? table, AdminError? problem)
        {
            if (table is not null)
            {
                table.Describe(_output, ResultFormats.Text);
                table.Write(_output, ResultFormats.Text, 0, 0, Encoding);
            }
            else
            {
                Write(problem!);
            }

            TransactionStatus status = client.Server?.Status ?? TransactionStatus.Idle;
            _output.Begin(BackendMessage.ReadyForQuery).Byte((byte)status).End();
        }
    }

    private bool TryParse(ReadOnlySpan<byte> body)
    {
        var reader = new MessageReader(body);
        if (!reader.TryCString(out ReadOnlySpan<byte> name) || !reader.TryCString(out ReadOnlySpan<byte> text)
            || Read(text) is not { } call || !MayKeep(name))
        {
            return false;
        }

        AdminError? error = AdminError.Of(call)
            ?? (DeclaresText(reader.Rest, call) ? null : AdminError.Invalid(
                $"freshet.{call.Name} takes {(call.HasParameter ? "one parameter of type text" : "no parameter")}"));
        ClientStatements statements = client.State.NeedStatements();
        if (error is null && !name.IsEmpty && statements.Find(name) is not null)
        {
            error = new AdminError(
                SqlState.DuplicatePreparedStatement,
                $"prepared statement \"{Encoding.GetString(name)}\" already exists", null);
        }

        if (error is not null)
        {
            Fail(error);
            return true;
        }

        StatementEntry entry = client.Proxy.Statements.GetOrAdd(
            body[(name.Length + 1)..], client.Loop.Now, client.Proxy.Snapshot.StatementCacheBytes);
        if (name.IsEmpty)
        {
            statements.Unnamed = entry;
        }
        else
        {
            statements.Add(new ClientStatement(name.ToArray(), entry));
        }

        _output.Begin(BackendMessage.ParseComplete).End();
        return true;
    }

    private bool TryBind(ReadOnlySpan<byte> body)
    {
        var reader = new MessageReader(body);
        if (!reader.TryCString(out ReadOnlySpan<byte> portal) || !reader.TryCString(out ReadOnlySpan<byte> name))
        {
            return false;
        }

        if (portal.IsEmpty)
        {
            _portal = null;
        }

        if (FindCall(name) is not { } call)
        {
            return false;
        }

        if (!portal.IsEmpty)
        {
            Fail(new AdminError(SqlState.FeatureNotSupported, $"freshet.{call.Name} needs the unnamed portal", null));
        }
        else if (AdminBinding.TryRead(call, reader.Rest, out _portal))
        {
            _output.Begin(BackendMessage.BindComplete).End();
        }
        else
        {
            Fail(AdminError.Protocol($"the Bind message does not fit the parameters of freshet.{call.Name}"));
        }

        return true;
    }

    private bool TryDescribe(ReadOnlySpan<byte> body)
    {
        if (body is [(byte)'P', 0] && _portal is { } portal)
        {
            AdminCalls.ShapeOf(portal.Call).Describe(_output, portal.Formats);
            return true;
        }

        if (body is not [(byte)'S', .., 0] || FindCall(body[1..^1]) is not { } call)
        {
            return false;
        }

        _output.Begin(BackendMessage.ParameterDescription).Int16((short)(call.HasParameter ? 1 : 0));
        if (call.HasParameter)
        {
            _output.Int32(25);
        }

        _output.End();
        AdminCalls.ShapeOf(call).Describe(_output, ResultFormats.Text);
        return true;
    }

    private bool TryExecute(ReadOnlySpan<byte> body)
    {
        var reader = new MessageReader(body);
        if (_portal is not { } portal || !reader.TryCString(out ReadOnlySpan<byte> name) || !name.IsEmpty
            || !reader.TryInt32(out int most))
        {
            return false;
        }

        if (portal.Table is not null)
        {
            EndExecute(portal.Table, null);
        }
        else
        {
            Run(portal.Call, portal.Argument, EndExecute);
        }

        return true;

        void EndExecute(AdminTable? table, AdminError? problem)
        {
            if (table is null)
            {
                Fail(problem!);
                return;
            }

            portal.Table = table;
            portal.Sent = table.Write(_output, portal.Formats, portal.Sent, Math.Max(0, most), Encoding);
        }
    }

    private void Run(AdminCall call, byte[]? argument, Action<AdminTable?, AdminError?> end)
    {
        IsBusy = true;
        DatabaseCache database = client.Cache!.Database;
        string user = client.Pool!.UserName;
        State.SettingsSet settings = client.State.Settings;
        _ = Task.Run(async () =>
        {
            (AdminTable? Table, AdminError? Error) result;
            try
            {
                result = await AdminCalls.RunAsync(database, user, settings, call, argument);
            }
            catch (Exception exception)
            {
                client.Proxy.Log.Write(ProxyLogLevel.Error, $"freshet.{call.Name} failed: {exception}");
                result = (null, AdminError.Failed($"freshet.{call.Name} failed; Freshet's log says why"));
            }

            client.Loop.Post(() => Done(() => end(result.Table, result.Error)));
        });
    }

    private void Done(Action end)
    {
        IsBusy = false;
        if (client.IsClosed)
        {
            return;
        }

        _output.Clear();
        end();
        client.Transport.Send(_output.Written);
        client.Resume();
    }

    /// <summary>An error in a batch: what follows up to its Sync is ignored.</summary>
    private void Fail(AdminError error)
    {
        _portal = null;
        Write(error);
        if (client.Server is { } server)
        {
            server.SkippingToSync = true;
        }
        else
        {
            client.Relay.Local.SkipToSync();
        }
    }

    private void Write(AdminError error) => _output.Bytes(ClientErrors.OfAdminCall(
        error.SqlState, Legible(error.Message), error.Hint is null ? null : Legible(error.Hint)));

    private string Legible(string text) => Encoding.UTF8.GetString(Encoding.GetBytes(text));

    private AdminCall? Read(ReadOnlySpan<byte> text) =>
        AdminCall.TryRead(text, client.State.StandardConformingStrings, out AdminCall? call) ? call : null;

    /// <summary>The call that was prepared under a name, in any session's way.</summary>
    private AdminCall? FindCall(ReadOnlySpan<byte> name)
    {
        ClientStatements? statements = client.State.Statements;
        StatementEntry? entry = name.IsEmpty ? statements?.Unnamed : statements?.Find(name)?.Entry;
        return entry is { IsKept: true } && (entry.Traits & StatementTraits.AdminCall) != 0
            && Read(entry.Text) is { Problem: AdminCallProblem.None } call ? call : null;
    }

    private bool MayKeep(ReadOnlySpan<byte> name) =>
        name.IsEmpty
        || (client.Pool!.Settings.MaxPreparedStatements > 0
            && (client.State.Statements?.Count ?? 0) < client.Proxy.Snapshot.MaxClientPreparedStatements);

    private static bool DeclaresText(ReadOnlySpan<byte> types, AdminCall call)
    {
        var reader = new MessageReader(types);
        return reader.TryInt16(out short count) && count <= (call.HasParameter ? 1 : 0)
            && (count == 0 || (reader.TryInt32(out int type) && TextTypes.Contains(type)));
    }

    /// <summary>Beyond UTF-8 nothing but ASCII is sent.</summary>
    private Encoding Encoding =>
        client.State.Settings.Find("client_encoding") is not { } name
        || name.Replace("-", "", StringComparison.Ordinal).ToUpperInvariant() is "UTF8" or "UNICODE" or "SQL_ASCII"
            ? Encoding.UTF8
            : Encoding.ASCII;
}
