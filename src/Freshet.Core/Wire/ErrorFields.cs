using System.Text;

namespace Freshet.Core.Wire;

/// <summary>The fields of an ErrorResponse or NoticeResponse that the proxy looks at. A missing field is empty, never
/// an exception: a server may send none (CVE-2026-6666's class).</summary>
internal readonly ref struct ErrorFields
{
    private ErrorFields(ReadOnlySpan<byte> severity, ReadOnlySpan<byte> sqlState, ReadOnlySpan<byte> message)
    {
        Severity = severity;
        SqlState = sqlState;
        Message = message;
    }

    /// <summary>Not localised where the server sends field V (9.6 and later).</summary>
    public ReadOnlySpan<byte> Severity { get; }

    public ReadOnlySpan<byte> SqlState { get; }

    public ReadOnlySpan<byte> Message { get; }

    public string MessageText => Encoding.UTF8.GetString(Message);

    public string SqlStateText => Encoding.ASCII.GetString(SqlState);

    public static ErrorFields Read(ReadOnlySpan<byte> body)
    {
        ReadOnlySpan<byte> severity = default, sqlState = default, message = default;
        var reader = new MessageReader(body);
        while (reader.TryByte(out byte field) && field != 0 && reader.TryCString(out ReadOnlySpan<byte> value))
        {
            switch (field)
            {
                case (byte)'V':
                case (byte)'S' when severity.IsEmpty:
                    severity = value;
                    break;
                case (byte)'C':
                    sqlState = value;
                    break;
                case (byte)'M':
                    message = value;
                    break;
            }
        }

        return new ErrorFields(severity, sqlState, message);
    }
}
