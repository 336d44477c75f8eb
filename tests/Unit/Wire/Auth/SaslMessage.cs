using System.Buffers.Binary;
using System.Text;

namespace Freshet.Tests.Unit.Wire.Auth;

/// <summary>Builds the password messages of the tests.</summary>
internal static class SaslMessage
{
    public static byte[] Initial(string mechanism, ReadOnlySpan<byte> data) => Initial(mechanism, data, data.Length);

    public static byte[] Initial(string mechanism, ReadOnlySpan<byte> data, int length)
    {
        var prefix = new byte[4];
        BinaryPrimitives.WriteInt32BigEndian(prefix, length);
        return [.. Encoding.ASCII.GetBytes(mechanism), 0, .. prefix, .. data];
    }

    public static byte[] Bytes(string text) => Encoding.UTF8.GetBytes(text);

    public static string Text(ReadOnlySpan<byte> bytes) => Encoding.UTF8.GetString(bytes);
}
