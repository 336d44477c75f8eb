using System.Buffers.Binary;

namespace Freshet.Tests.Integration.Hardening.Fuzz;

/// <summary>Spoils a stream of messages in one to three places: type bytes, lengths, contents. Bytes are flipped, taken
/// out, put in; messages are repeated, left out or cut off.</summary>
/// <param name="random">Decides all.</param>
internal sealed class ByteMutator(Random random)
{
    private static readonly int[] Lengths = [0, 3, 4, 5, -1, int.MinValue, int.MaxValue, 65_536, 1 << 20];

    /// <param name="messages">Whole messages.</param>
    /// <param name="isFirstUntyped">Whether the first one is a startup packet, without a type byte.</param>
    public byte[] Mutate(IReadOnlyList<byte[]> messages, bool isFirstUntyped)
    {
        List<byte[]> spoilt = [.. messages.Select(message => message.ToArray())];
        for (var count = random.Next(1, 4); count > 0 && spoilt.Count > 0; count--)
        {
            var index = random.Next(spoilt.Count);
            if (spoilt[index].Length > 0)
            {
                Spoil(spoilt, index, isFirstUntyped && index is 0 ? 0 : 1);
            }
        }

        return [.. spoilt.SelectMany(message => message)];
    }

    private void Spoil(List<byte[]> messages, int index, int lengthAt)
    {
        var message = messages[index];
        var place = random.Next(message.Length);
        switch (random.Next(8))
        {
            case 0:
                message[0] ^= (byte)(1 << random.Next(8));
                break;
            case 1 when message.Length >= lengthAt + 4:
                BinaryPrimitives.WriteInt32BigEndian(message.AsSpan(lengthAt), Length(message.Length - lengthAt));
                break;
            case 2:
                messages[index] = [.. message[..place], .. message[Math.Min(place + Few(), message.Length)..]];
                break;
            case 3:
                var added = new byte[Few()];
                random.NextBytes(added);
                messages[index] = [.. message[..place], .. added, .. message[place..]];
                break;
            case 4:
                messages.Insert(index, message.ToArray());
                break;
            case 5:
                messages.RemoveAt(index);
                break;
            case 6:
                messages[index] = message[..place];
                messages.RemoveRange(index + 1, messages.Count - index - 1);
                break;
            default:
                message[place] ^= (byte)(1 << random.Next(8));
                break;
        }
    }

    private int Few() => random.Next(1, random.Next(4) is 0 ? 40 : 4);

    /// <summary>A wrong one.</summary>
    private int Length(int right)
    {
        var wrong = random.Next(2) is 0 ? right + random.Next(-6, 7) : Lengths[random.Next(Lengths.Length)];
        return wrong == right ? right + 1 : wrong;
    }
}
