using System.Text;
using Freshet.Core.Consistency;
using Freshet.Core.Wire;

namespace Freshet.Server.Proxy.Servers;

/// <summary>The last step of a login where results are cached by the stream of changes: asks the server which primary
/// it is. Its answer is fed message by message.</summary>
internal sealed class PrimaryProbe
{
    /// <summary>Unknown until the server has told, and for good if it could not.</summary>
    public PrimaryIdentity Found { get; private set; }

    /// <summary>The server's words when it refuses to tell.</summary>
    public string? Refusal { get; private set; }

    public static byte[] Question { get; } = new MessageWriter()
        .Begin(FrontendMessage.Query).Bytes(Encoding.ASCII.GetBytes(PrimaryIdentity.Query)).Byte(0).End().ToArray();

    /// <returns>False: a message that does not belong to its answer.</returns>
    public bool Take(byte type, ReadOnlySpan<byte> body)
    {
        switch (type)
        {
            case BackendMessage.DataRow:
                Found = Read(body);
                return true;
            case BackendMessage.ErrorResponse:
                Refusal = ErrorFields.Read(body).MessageText;
                Found = default;
                return true;
            default:
                return type is BackendMessage.RowDescription or BackendMessage.CommandComplete;
        }
    }

    private static PrimaryIdentity Read(ReadOnlySpan<byte> row)
    {
        var reader = new MessageReader(row);
        return reader.TryInt16(out short columns) && columns == 3
            && TryValue(ref reader, out string? recovery)
            && TryValue(ref reader, out string? system)
            && TryValue(ref reader, out string? timeline)
            && PrimaryIdentity.TryParse(recovery, system, timeline, out PrimaryIdentity identity)
                ? identity
                : default;
    }

    private static bool TryValue(ref MessageReader row, out string? value)
    {
        value = null;
        if (!row.TryInt32(out int length))
        {
            return false;
        }

        if (length < 0)
        {
            return true; // NULL
        }

        bool isWhole = row.TryBytes(length, out ReadOnlySpan<byte> bytes);
        value = Encoding.ASCII.GetString(bytes);
        return isWhole;
    }
}
