using System.Buffers.Binary;
using System.Text;
using Freshet.Bench.Load.Rig;
using Freshet.Core.Wire.Auth;

namespace Freshet.Bench.Load.Wire;

/// <summary>
/// One client's login, fed with what the server sent: trust and SCRAM-SHA-256. It does no I/O, so it serves blocking
/// and non-blocking sockets. Not thread-safe.
/// </summary>
internal sealed class ClientLogin(string user, string database, ScramSecret secret)
{
    private const int HeaderBytes = 5;

    private readonly List<byte> pending = [];
    private readonly ScramClientExchange scram = secret.Begin();

    /// <summary>ReadyForQuery has come.</summary>
    public bool IsDone { get; private set; }

    public byte[] Startup()
    {
        var body = Encoding.UTF8.GetBytes($"user\0{user}\0database\0{database}\0application_name\0bench\0\0");
        var packet = new byte[8 + body.Length];
        BinaryPrimitives.WriteInt32BigEndian(packet, packet.Length);
        BinaryPrimitives.WriteInt32BigEndian(packet.AsSpan(4), 196608);
        body.CopyTo(packet, 8);
        return packet;
    }

    /// <summary>What has to be sent next; empty when the server has not said enough yet.</summary>
    public byte[] Receive(ReadOnlySpan<byte> bytes)
    {
        pending.AddRange(bytes);
        byte[] answer = [];
        var buffer = pending.ToArray().AsSpan();
        while (buffer.Length >= HeaderBytes)
        {
            var length = 1 + BinaryPrimitives.ReadInt32BigEndian(buffer[1..]);
            if (buffer.Length < length)
                break;
            if (Handle((char)buffer[0], buffer[HeaderBytes..length]) is { Length: > 0 } reply)
                answer = reply;
            buffer = buffer[length..];
        }

        pending.Clear();
        pending.AddRange(buffer);
        return answer;
    }

    private byte[] Handle(char type, ReadOnlySpan<byte> body)
    {
        switch (type)
        {
            case 'R':
                return Authenticate(BinaryPrimitives.ReadInt32BigEndian(body), body[4..]);
            case 'E':
                throw new BenchException(
                    "login refused: " + Encoding.UTF8.GetString(body).Replace('\0', ' ').Trim());
            case 'Z':
                IsDone = true;
                return [];
            default:
                return [];
        }
    }

    private byte[] Authenticate(int code, ReadOnlySpan<byte> data)
    {
        switch (code)
        {
            case 0:
                return [];
            case 10:
                Expect(ScramResult.Continue, scram.Start(data));
                var length = new byte[4];
                BinaryPrimitives.WriteInt32BigEndian(length, scram.Output.Length);
                return Message([.. Encoding.ASCII.GetBytes(scram.Mechanism), 0, .. length, .. scram.Output]);
            case 11:
                Expect(ScramResult.Continue, ScramSecret.Answer(scram, data));
                return Message(scram.Output.ToArray());
            case 12:
                Expect(ScramResult.Success, secret.End(scram, data));
                return [];
            default:
                throw new BenchException($"the server asks for authentication method {code}; known: trust, SCRAM");
        }
    }

    private void Expect(ScramResult wanted, ScramResult result)
    {
        if (result != wanted)
            throw new BenchException($"login refused: {scram.Error?.Message ?? result.ToString()}");
    }

    /// <summary>SASLInitialResponse and SASLResponse are both of type 'p'.</summary>
    private static byte[] Message(byte[] body)
    {
        var message = new byte[HeaderBytes + body.Length];
        message[0] = (byte)'p';
        BinaryPrimitives.WriteInt32BigEndian(message.AsSpan(1), 4 + body.Length);
        body.CopyTo(message, HeaderBytes);
        return message;
    }
}
