namespace Freshet.Tests.Integration.Wire;

/// <summary>The messages of a server, for the scripted one.</summary>
internal static class Backend
{
    public static byte[] AuthenticationOk() => new MessageWriter('R').Int32(0).ToArray();

    public static byte[] ParameterStatus(string name, string value) =>
        new MessageWriter('S').Text(name).Text(value).ToArray();

    public static byte[] BackendKeyData(int processId, int secretKey) =>
        new MessageWriter('K').Int32(processId).Int32(secretKey).ToArray();

    /// <param name="status">I, T or E.</param>
    public static byte[] ReadyForQuery(char status = 'I') => new MessageWriter('Z').Int8(status).ToArray();

    /// <summary>Columns of type text.</summary>
    public static byte[] RowDescription(params string[] columns)
    {
        var writer = new MessageWriter('T').Int16(columns.Length);
        foreach (var column in columns)
        {
            writer.Text(column).Int32(0).Int16(0).Int32(25).Int16(-1).Int32(-1).Int16(0);
        }

        return writer.ToArray();
    }

    public static byte[] DataRow(params string?[] values)
    {
        var writer = new MessageWriter('D').Int16(values.Length);
        foreach (var value in values)
        {
            writer.Value(value);
        }

        return writer.ToArray();
    }

    public static byte[] CommandComplete(string tag) => new MessageWriter('C').Text(tag).ToArray();

    public static byte[] ParseComplete() => new MessageWriter('1').ToArray();

    public static byte[] BindComplete() => new MessageWriter('2').ToArray();

    public static byte[] NoData() => new MessageWriter('n').ToArray();

    public static byte[] CopyInResponse() => new MessageWriter('G').Int8(0).Int16(0).ToArray();

    public static byte[] CopyOutResponse() => new MessageWriter('H').Int8(0).Int16(0).ToArray();

    public static byte[] Error(string sqlState, string message, string severity = "ERROR") =>
        Fields('E', severity, sqlState, message);

    public static byte[] Notice(string message) => Fields('N', "NOTICE", "00000", message);

    private static byte[] Fields(char type, string severity, string sqlState, string message) =>
        new MessageWriter(type)
            .Int8('S').Text(severity)
            .Int8('V').Text(severity)
            .Int8('C').Text(sqlState)
            .Int8('M').Text(message)
            .Int8(0)
            .ToArray();
}
