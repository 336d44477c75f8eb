using System.Buffers.Binary;
using System.Text;

namespace Freshet.Core.Wire;

/// <summary>Builds messages, one after another, in a growing array. For control messages; the relay copies bytes
/// instead. Not thread-safe.</summary>
internal sealed class MessageWriter(int capacity = 256)
{
    private byte[] _bytes = new byte[capacity];
    private int _length;
    private int _start;

    public ReadOnlySpan<byte> Written => _bytes.AsSpan(0, _length);

    public void Clear() => _length = 0;

    public byte[] ToArray() => Written.ToArray();

    /// <summary>Opens a message; <see cref="End"/> fills in its length.</summary>
    public MessageWriter Begin(byte type)
    {
        Byte(type);
        return BeginUntyped();
    }

    /// <summary>Opens a start-up, SSL or cancel packet: those have no type byte.</summary>
    public MessageWriter BeginUntyped()
    {
        _start = _length;
        return Int32(0);
    }

    public MessageWriter End()
    {
        BinaryPrimitives.WriteInt32BigEndian(_bytes.AsSpan(_start), _length - _start);
        return this;
    }

    public MessageWriter Byte(byte value)
    {
        Reserve(1)[0] = value;
        return this;
    }

    public MessageWriter Int16(short value)
    {
        BinaryPrimitives.WriteInt16BigEndian(Reserve(2), value);
        return this;
    }

    public MessageWriter Int32(int value)
    {
        BinaryPrimitives.WriteInt32BigEndian(Reserve(4), value);
        return this;
    }

    public MessageWriter Bytes(ReadOnlySpan<byte> value)
    {
        value.CopyTo(Reserve(value.Length));
        return this;
    }

    /// <summary>A zero-terminated string; a zero inside is the caller's defect.</summary>
    public MessageWriter CString(string value)
    {
        Encoding.UTF8.GetBytes(value, Reserve(Encoding.UTF8.GetByteCount(value)));
        return Byte(0);
    }

    public MessageWriter CString(ReadOnlySpan<byte> value) => Bytes(value).Byte(0);

    private Span<byte> Reserve(int count)
    {
        if (_length + count > _bytes.Length)
        {
            Array.Resize(ref _bytes, Math.Max(_bytes.Length * 2, _length + count));
        }

        Span<byte> span = _bytes.AsSpan(_length, count);
        _length += count;
        return span;
    }
}
