using System.Buffers.Binary;
using System.Text;

namespace Freshet.Tests.Integration.Wire;

/// <summary>Puts one protocol message together; the length is filled in at the end.</summary>
internal sealed class MessageWriter
{
    private readonly MemoryStream _body = new();
    private readonly char? _type;

    /// <param name="type">The type byte; null for the messages of the startup, which have none.</param>
    public MessageWriter(char? type = null) => _type = type;

    public MessageWriter Int8(int value)
    {
        _body.WriteByte((byte)value);
        return this;
    }

    public MessageWriter Int16(int value)
    {
        Span<byte> bytes = stackalloc byte[2];
        BinaryPrimitives.WriteInt16BigEndian(bytes, (short)value);
        return Raw(bytes);
    }

    public MessageWriter Int32(int value)
    {
        Span<byte> bytes = stackalloc byte[4];
        BinaryPrimitives.WriteInt32BigEndian(bytes, value);
        return Raw(bytes);
    }

    /// <summary>A string with its terminating zero.</summary>
    public MessageWriter Text(string value) => Raw(Encoding.UTF8.GetBytes(value)).Int8(0);

    /// <summary>A value with its length in front; null is length -1.</summary>
    public MessageWriter Value(string? value)
    {
        if (value is null)
        {
            return Int32(-1);
        }

        var bytes = Encoding.UTF8.GetBytes(value);
        return Int32(bytes.Length).Raw(bytes);
    }

    public MessageWriter Raw(ReadOnlySpan<byte> bytes)
    {
        _body.Write(bytes);
        return this;
    }

    public byte[] ToArray()
    {
        var length = (int)_body.Length + 4;
        var offset = _type is null ? 0 : 1;
        var message = new byte[length + offset];
        if (_type is { } type)
        {
            message[0] = (byte)type;
        }

        BinaryPrimitives.WriteInt32BigEndian(message.AsSpan(offset), length);
        _body.ToArray().CopyTo(message, offset + 4);
        return message;
    }
}
