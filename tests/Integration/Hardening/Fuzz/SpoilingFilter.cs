using System.Buffers.Binary;
using System.Text;
using Freshet.Tests.Integration.Wire;

namespace Freshet.Tests.Integration.Hardening.Fuzz;

/// <summary>Spoils the server's first answer to a request of a victim, and watches that nobody's request comes to a
/// connection whose messages are out of step.</summary>
/// <param name="random">Of this connection.</param>
/// <param name="faults">Where a fault is reported.</param>
internal sealed class SpoilingFilter(Random random, Action<string> faults) : RelayFilter
{
    /// <summary>In everything that victims send.</summary>
    public const string Mark = "victim";

    private readonly ByteMutator _mutator = new(random);
    private readonly Lock _lock = new();
    private byte[]? _outOfStep;
    private bool _isDue;

    public override void OnRequest(byte[] bytes)
    {
        var isVictims = bytes.AsSpan().IndexOf(Encoding.ASCII.GetBytes(Mark)) >= 0;
        var isNeighbours = bytes.AsSpan().IndexOf(Encoding.ASCII.GetBytes(Neighbour.Mark)) >= 0;
        lock (_lock)
        {
            if (_outOfStep is { } spoilt && (isVictims || isNeighbours))
            {
                faults($"after {Convert.ToHexString(spoilt)} the connection got {Encoding.Latin1.GetString(bytes)}");
            }

            _isDue |= isVictims;
        }
    }

    public override void Answer(byte[] bytes, Action<byte[]> send)
    {
        lock (_lock)
        {
            if (_isDue && Messages(bytes) is { Count: > 0 } messages)
            {
                _isDue = false;
                do
                {
                    // A server that lies in step, with a second ReadyForQuery say, cannot be told from an honest one.
                    bytes = _mutator.Mutate(messages, isFirstUntyped: false);
                } while (bytes.Length is 0 || Messages(bytes) is not []);

                _outOfStep = bytes;
            }
        }

        send(bytes);
    }

    /// <summary>The messages of an answer; none when it does not end where the last one does.</summary>
    private static List<byte[]> Messages(byte[] bytes)
    {
        var messages = new List<byte[]>();
        for (var offset = 0; offset < bytes.Length;)
        {
            if (bytes.Length - offset < 5)
            {
                return [];
            }

            var end = offset + 1 + BinaryPrimitives.ReadInt32BigEndian(bytes.AsSpan(offset + 1));
            if (end < offset + 5 || end > bytes.Length)
            {
                return [];
            }

            messages.Add(bytes[offset..end]);
            offset = end;
        }

        return messages;
    }
}
