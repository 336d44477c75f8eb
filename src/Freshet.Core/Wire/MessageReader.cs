using System.Buffers.Binary;
using System.Text;

namespace Freshet.Core.Wire;

/// <summary>Reads a message's body. Every read checks the length first and answers false instead of throwing: the
/// peer is hostile, on both sides.</summary>
internal ref struct MessageReader(ReadOnlySpan<byte> body)
{
    private ReadOnlySpan<byte> _rest = body;

    public readonly ReadOnlySpan<byte> Rest => _rest;

    public readonly bool AtEnd => _rest.IsEmpty;

    public bool TryByte(out byte value)
    {
        if (_rest.IsEmpty)
        {
            value = 0;
            return false;
        }

        value = _rest[0];
        _rest = _rest[1..];
        return true;
    }

    public bool TryInt16(out short value)
    {
        if (!BinaryPrimitives.TryReadInt16BigEndian(_rest, out value))
        {
            return false;
        }

        _rest = _rest[2..];
        return true;
    }

    public bool TryInt32(out int value)
    {
        if (!BinaryPrimitives.TryReadInt32BigEndian(_rest, out value))
        {
            return false;
        }

        _rest = _rest[4..];
        return true;
    }

    public bool TryBytes(int count, out ReadOnlySpan<byte> value)
    {
        if (count < 0 || count > _rest.Length)
        {
            value = default;
            return false;
        }

        value = _rest[..count];
        _rest = _rest[count..];
        return true;
    }

    /// <summary>A zero-terminated string, without its zero.</summary>
    public bool TryCString(out ReadOnlySpan<byte> value)
    {
        int zero = _rest.IndexOf((byte)0);
        if (zero < 0)
        {
            value = default;
            return false;
        }

        value = _rest[..zero];
        _rest = _rest[(zero + 1)..];
        return true;
    }

    public bool TryText(out string value)
    {
        bool read = TryCString(out ReadOnlySpan<byte> bytes);
        value = read ? Encoding.UTF8.GetString(bytes) : "";
        return read;
    }
}
