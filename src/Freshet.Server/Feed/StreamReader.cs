using System.Buffers.Binary;

namespace Freshet.Server.Feed;

/// <summary>Reads the parts of one message of the stream; what is not there is a <see cref="FeedException"/>.</summary>
internal ref struct StreamReader(ReadOnlySpan<byte> message)
{
    private ReadOnlySpan<byte> _rest = message;

    public readonly byte Peek() => _rest.IsEmpty ? (byte)0 : _rest[0];

    public byte Byte() => Bytes(1)[0];

    public int UInt16() => BinaryPrimitives.ReadUInt16BigEndian(Bytes(2));

    public int Int32() => BinaryPrimitives.ReadInt32BigEndian(Bytes(4));

    public uint UInt32() => BinaryPrimitives.ReadUInt32BigEndian(Bytes(4));

    public ulong UInt64() => BinaryPrimitives.ReadUInt64BigEndian(Bytes(8));

    public void Skip(int count) => Bytes(count);

    public ReadOnlySpan<byte> Bytes(int count)
    {
        if (count < 0 || count > _rest.Length)
        {
            throw new FeedException($"a message of the stream is cut off: {count} bytes of {_rest.Length}");
        }

        ReadOnlySpan<byte> bytes = _rest[..count];
        _rest = _rest[count..];
        return bytes;
    }

    /// <summary>Up to the next zero.</summary>
    public ReadOnlySpan<byte> Text()
    {
        int end = _rest.IndexOf((byte)0);
        ReadOnlySpan<byte> text = Bytes(end < 0 ? _rest.Length + 1 : end);
        Skip(1);
        return text;
    }
}
