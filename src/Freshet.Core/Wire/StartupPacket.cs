using System.Text;

namespace Freshet.Core.Wire;

/// <summary>A client's first packet, taken apart. Values are kept byte for byte (Latin-1 text).</summary>
internal sealed class StartupPacket
{
    public string User { get; private set; } = "";

    /// <summary>The user's name where the client names none, as in PostgreSQL.</summary>
    public string Database { get; private set; } = "";

    /// <summary>Null: an ordinary session.</summary>
    public string? Replication { get; private set; }

    public string? Options { get; private set; }

    /// <summary>Settings given by name, in the order sent.</summary>
    public List<KeyValuePair<string, string>> Settings { get; } = [];

    /// <summary>Protocol extensions (<c>_pq_.</c>), none of which is known.</summary>
    public List<string> Extensions { get; } = [];

    /// <summary>Reads what follows the version number; null when it is malformed.</summary>
    public static StartupPacket? Read(ReadOnlySpan<byte> body)
    {
        var packet = new StartupPacket();
        var reader = new MessageReader(body);
        while (reader.TryCString(out ReadOnlySpan<byte> name))
        {
            if (name.IsEmpty)
            {
                return reader.AtEnd && packet.Complete() ? packet : null;
            }

            if (!reader.TryCString(out ReadOnlySpan<byte> value))
            {
                return null;
            }

            packet.Take(Encoding.Latin1.GetString(name), value);
        }

        return null;
    }

    private void Take(string name, ReadOnlySpan<byte> bytes)
    {
        string value = Encoding.Latin1.GetString(bytes);
        switch (name)
        {
            case "user":
                User = Encoding.UTF8.GetString(bytes);
                break;
            case "database":
                Database = Encoding.UTF8.GetString(bytes);
                break;
            case "replication":
                Replication = IsFalse(value) ? null : value;
                break;
            case "options":
                Options = value;
                break;
            default:
                if (name.StartsWith("_pq_.", StringComparison.Ordinal))
                {
                    Extensions.Add(name);
                }
                else
                {
                    Settings.Add(new KeyValuePair<string, string>(name, value));
                }

                break;
        }
    }

    private bool Complete()
    {
        Database = Database.Length == 0 ? User : Database;
        return User.Length > 0;
    }

    private static bool IsFalse(string value) =>
        value.ToLowerInvariant() is "" or "false" or "off" or "no" or "0" or "f" or "n";
}
