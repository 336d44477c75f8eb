namespace Freshet.Tests.Integration.Wire;

/// <summary>The messages of a client, named as in the PostgreSQL manual.</summary>
internal static class Frontend
{
    public const int Version30 = 0x0003_0000;
    public const int Version32 = 0x0003_0002;
    public const int SslRequestCode = 80877103;
    public const int GssEncRequestCode = 80877104;
    public const int CancelRequestCode = 80877102;

    public static byte[] StartupMessage(int version, params (string Name, string Value)[] parameters)
    {
        var writer = new MessageWriter().Int32(version);
        foreach (var (name, value) in parameters)
        {
            writer.Text(name).Text(value);
        }

        return writer.Int8(0).ToArray();
    }

    public static byte[] SslRequest() => new MessageWriter().Int32(SslRequestCode).ToArray();

    public static byte[] GssEncRequest() => new MessageWriter().Int32(GssEncRequestCode).ToArray();

    public static byte[] CancelRequest(int processId, byte[] secretKey) =>
        new MessageWriter().Int32(CancelRequestCode).Int32(processId).Raw(secretKey).ToArray();

    public static byte[] Query(string sql) => new MessageWriter('Q').Text(sql).ToArray();

    public static byte[] Parse(string statement, string sql, params int[] parameterTypes)
    {
        var writer = new MessageWriter('P').Text(statement).Text(sql).Int16(parameterTypes.Length);
        foreach (var type in parameterTypes)
        {
            writer.Int32(type);
        }

        return writer.ToArray();
    }

    /// <summary>All parameters and results as text.</summary>
    public static byte[] Bind(string portal, string statement, params string?[] values)
    {
        var writer = new MessageWriter('B').Text(portal).Text(statement).Int16(0).Int16(values.Length);
        foreach (var value in values)
        {
            writer.Value(value);
        }

        return writer.Int16(0).ToArray();
    }

    public static byte[] DescribeStatement(string name) => new MessageWriter('D').Int8('S').Text(name).ToArray();

    public static byte[] DescribePortal(string name) => new MessageWriter('D').Int8('P').Text(name).ToArray();

    public static byte[] Execute(string portal = "", int mostRows = 0) =>
        new MessageWriter('E').Text(portal).Int32(mostRows).ToArray();

    public static byte[] CloseStatement(string name) => new MessageWriter('C').Int8('S').Text(name).ToArray();

    public static byte[] ClosePortal(string name) => new MessageWriter('C').Int8('P').Text(name).ToArray();

    public static byte[] Sync() => new MessageWriter('S').ToArray();

    public static byte[] Flush() => new MessageWriter('H').ToArray();

    public static byte[] CopyData(string text) =>
        new MessageWriter('d').Raw(System.Text.Encoding.UTF8.GetBytes(text)).ToArray();

    public static byte[] CopyDone() => new MessageWriter('c').ToArray();

    public static byte[] CopyFail(string reason) => new MessageWriter('f').Text(reason).ToArray();

    /// <summary>Arguments and result as text.</summary>
    public static byte[] FunctionCall(int function, params string?[] arguments)
    {
        var writer = new MessageWriter('F').Int32(function).Int16(0).Int16(arguments.Length);
        foreach (var argument in arguments)
        {
            writer.Value(argument);
        }

        return writer.Int16(0).ToArray();
    }

    public static byte[] PasswordMessage(string password) => new MessageWriter('p').Text(password).ToArray();

    public static byte[] Terminate() => new MessageWriter('X').ToArray();
}
