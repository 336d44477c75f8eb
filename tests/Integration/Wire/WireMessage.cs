using System.Buffers.Binary;
using System.Globalization;
using System.Text;

namespace Freshet.Tests.Integration.Wire;

/// <summary>
/// One message as it came, and its line in a transcript. The line leaves out what differs from run to run and means
/// nothing: process ids, secret keys, table oids, the server's source lines.
/// </summary>
internal sealed record WireMessage(char Type, byte[] Body)
{
    public override string ToString() =>
        Type switch
        {
            'R' => $"Authentication {Int32(0)}",
            'S' => $"ParameterStatus {string.Join('=', Strings(0, 2))}",
            'K' => $"BackendKeyData, key of {Body.Length - 4} bytes",
            'Z' => $"ReadyForQuery {(char)Body[0]}",
            'T' => $"RowDescription {Columns()}",
            'D' => $"DataRow {Values()}",
            'C' => $"CommandComplete {Strings(0, 1)[0]}",
            'E' => $"ErrorResponse {ErrorText()}",
            'N' => $"NoticeResponse {ErrorText()}",
            'A' => $"NotificationResponse {string.Join(' ', Strings(4, 2))}",
            't' => $"ParameterDescription {string.Join(' ', Int32s(2))}",
            'G' => $"CopyInResponse {Convert.ToHexString(Body)}",
            'H' => $"CopyOutResponse {Convert.ToHexString(Body)}",
            'W' => $"CopyBothResponse {Convert.ToHexString(Body)}",
            'd' => $"CopyData {Encoding.UTF8.GetString(Body).TrimEnd('\n')}",
            'V' => $"FunctionCallResponse {Encoding.UTF8.GetString(Body.AsSpan(4))}",
            'v' => $"NegotiateProtocolVersion {Int32(0)} {string.Join(' ', Strings(8, Int32(4)))}",
            'c' => "CopyDone",
            '1' => "ParseComplete",
            '2' => "BindComplete",
            '3' => "CloseComplete",
            'n' => "NoData",
            's' => "PortalSuspended",
            'I' => "EmptyQueryResponse",
            _ => $"unknown message {(int)Type}",
        };

    /// <summary>A field of an ErrorResponse or NoticeResponse; null when it is not there.</summary>
    public string? Field(char code) => Fields().FirstOrDefault(field => field.Code == code).Value;

    public int Int32(int offset) => BinaryPrimitives.ReadInt32BigEndian(Body.AsSpan(offset));

    public string[] Strings(int offset, int count)
    {
        var strings = new string[count];
        for (var index = 0; index < count; index++)
        {
            var length = Body.AsSpan(offset).IndexOf((byte)0);
            strings[index] = Encoding.UTF8.GetString(Body, offset, length);
            offset += length + 1;
        }

        return strings;
    }

    /// <summary>The values of a DataRow in text format.</summary>
    public string?[] Row()
    {
        var values = new string?[BinaryPrimitives.ReadInt16BigEndian(Body)];
        var offset = 2;
        for (var index = 0; index < values.Length; index++)
        {
            var length = Int32(offset);
            offset += 4;
            values[index] = length < 0 ? null : Encoding.UTF8.GetString(Body, offset, length);
            offset += Math.Max(length, 0);
        }

        return values;
    }

    private string Values() => string.Join(' ', Row().Select(value => value is null ? "null" : $"'{value}'"));

    private string Columns()
    {
        var text = new StringBuilder();
        var count = BinaryPrimitives.ReadInt16BigEndian(Body);
        var offset = 2;
        for (var index = 0; index < count; index++)
        {
            var name = Strings(offset, 1)[0];
            offset += Encoding.UTF8.GetByteCount(name) + 1;
            var isTableColumn = Int32(offset) != 0;
            var type = Int32(offset + 6);
            var format = BinaryPrimitives.ReadInt16BigEndian(Body.AsSpan(offset + 16));
            offset += 18;
            text.Append(CultureInfo.InvariantCulture, $"{name}:{type}:{format}{(isTableColumn ? ":table" : "")} ");
        }

        return text.ToString().TrimEnd();
    }

    private IEnumerable<int> Int32s(int offset)
    {
        for (; offset + 4 <= Body.Length; offset += 4)
        {
            yield return Int32(offset);
        }
    }

    private List<(char Code, string Value)> Fields()
    {
        var fields = new List<(char, string)>();
        for (var offset = 0; offset < Body.Length && Body[offset] != 0;)
        {
            var value = Strings(offset + 1, 1)[0];
            fields.Add(((char)Body[offset], value));
            offset += Encoding.UTF8.GetByteCount(value) + 2;
        }

        return fields;
    }

    private string ErrorText() =>
        string.Join(", ", Fields().Where(field => field.Code is not ('F' or 'L' or 'R')));
}
