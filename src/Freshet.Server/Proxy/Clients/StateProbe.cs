using System.Text;
using Freshet.Core.Sql;
using Freshet.Core.Wire;
using Freshet.Server.Proxy.Servers;
using Freshet.Server.Proxy.State;

namespace Freshet.Server.Proxy.Clients;

/// <summary>
/// Asks the server itself, after a transaction that may have left something behind, what the session owns: settings,
/// role, advisory locks, temporary tables, held cursors, channels. No guess from SQL text decides; the text only says
/// when to ask. Rows are (kind, name, value).
/// </summary>
internal sealed class StateProbe(ClientSession client) : ServerOperation
{
    private const string Fixed =
        "SELECT 's',name,setting FROM pg_catalog.pg_settings WHERE source='session'"
        + " UNION ALL SELECT 'i','role',pg_catalog.current_setting('role')"
        + " UNION ALL SELECT 'i','session_authorization',pg_catalog.current_setting('session_authorization')"
        + " UNION ALL SELECT 'p','advisory_lock',pg_catalog.count(*)::pg_catalog.text FROM pg_catalog.pg_locks"
        + " WHERE locktype='advisory' AND pid=pg_catalog.pg_backend_pid()"
        + " UNION ALL SELECT 'p','temp_table',pg_catalog.count(*)::pg_catalog.text FROM pg_catalog.pg_class"
        + " WHERE relnamespace=pg_catalog.pg_my_temp_schema() AND relnamespace<>0::pg_catalog.oid"
        + " UNION ALL SELECT 'p','hold_cursor',pg_catalog.count(*)::pg_catalog.text FROM pg_catalog.pg_cursors"
        + " WHERE is_holdable"
        + " UNION ALL SELECT 'p','listen',pg_catalog.count(*)::pg_catalog.text FROM pg_catalog.pg_listening_channels()";

    private const PinReasons Probed =
        PinReasons.AdvisoryLock | PinReasons.TemporaryTable | PinReasons.HoldCursor | PinReasons.Listen;

    private readonly Dictionary<string, string> _settings = new(StringComparer.Ordinal);
    private PinReasons _pins;

    public override string Sql
    {
        get
        {
            var sql = new StringBuilder(Fixed);
            foreach (string name in CustomNames())
            {
                string literal = SettingsSet.QuoteLiteral(name);
                sql.Append(" UNION ALL SELECT 'c',")
                    .Append(literal)
                    .Append(",pg_catalog.current_setting(")
                    .Append(literal)
                    .Append(",true)");
            }

            return sql.ToString();
        }
    }

    public override void OnRow(ReadOnlySpan<byte> body)
    {
        var reader = new MessageReader(body);
        if (
            !reader.TryInt16(out short columns)
            || columns != 3
            || Column(ref reader) is not { } kind
            || Column(ref reader) is not { } name
            || Column(ref reader) is not { } value
        )
        {
            return; // a setting that does not exist any more is NULL
        }

        switch (kind)
        {
            case "s":
                _settings[SettingsSet.Fold(name)] = value;
                break;
            case "c" when value.Length > 0 || !client.State.ResetUnderWay:
                // Once known to a server connection, a custom setting that was reset is empty there, not gone.
                _settings[name] = value;
                break;
            case "i" when IsForeignIdentity(name, value):
                _settings[name] = value;
                break;
            case "p" when value is not "0":
                _pins |= PinReasonNames
                    .All.First(pin => string.Equals(pin.Name, name, StringComparison.Ordinal))
                    .Reason;
                break;
        }
    }

    public override void Completed(ServerConnection server)
    {
        if (Error is not null)
        {
            ErrorFields error = ErrorFields.Read(Error);
            client.Proxy.Log.Write(
                ProxyLogLevel.Warning,
                $"the state of a session cannot be read: {error.MessageText}"
            );
            server.Client = null;
            client.Server = null;
            client.CloseWith(ClientErrors.ServerError(error));
            server.Close("the state of its session cannot be read");
            return;
        }

        server.Settings = SettingsSet.Of(_settings);
        SettingsSet told = client.State.Settings;
        foreach ((string name, string value) in client.State.Baseline.Settings)
        {
            // A RESET went back to the server connection's value, not to the one that this client started with.
            if (_settings.TryAdd(name, value))
            {
                Tell(server, name, value, told);
            }
        }

        var wanted = SettingsSet.Of(_settings);
        client.State.Settings = wanted.Equals(server.Settings) ? server.Settings : wanted;
        client.State.Pending = StatementTraits.None;
        client.State.LoneSetting = null;
        client.Link.SetPins((client.State.Pins & ~Probed) | _pins);
        client.Link.EndProbe();
    }

    /// <summary>A parameter that servers report, and that the client was last told otherwise.</summary>
    private void Tell(ServerConnection server, string name, string value, SettingsSet told)
    {
        if (string.Equals(told.Find(name), value, StringComparison.Ordinal))
        {
            return;
        }

        foreach (string reported in server.Reported.Keys)
        {
            if (string.Equals(SettingsSet.Fold(reported), name, StringComparison.Ordinal))
            {
                MessageWriter status = new MessageWriter()
                    .Begin(BackendMessage.ParameterStatus)
                    .CString(Encoding.Latin1.GetBytes(reported))
                    .CString(Encoding.Latin1.GetBytes(value))
                    .End();
                client.Transport.Send(status.Written);
            }
        }
    }

    private IEnumerable<string> CustomNames() =>
        (client.State.CustomNames ?? [])
            .Concat(
                client
                    .State.Settings.Settings.ToArray()
                    .Select(setting => setting.Key)
                    .Where(name => name.Contains('.', StringComparison.Ordinal))
            )
            .Distinct(StringComparer.Ordinal);

    private bool IsForeignIdentity(string name, string value) =>
        name is SettingsSet.Role
            ? value is not "none"
            : !string.Equals(value, client.Pool!.ServerUser, StringComparison.Ordinal);

    private static string? Column(ref MessageReader reader) =>
        reader.TryInt32(out int length) && length >= 0 && reader.TryBytes(length, out ReadOnlySpan<byte> bytes)
            ? Encoding.Latin1.GetString(bytes)
            : null;
}
