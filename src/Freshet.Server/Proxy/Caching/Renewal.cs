using System.Buffers.Binary;
using Freshet.Core.Wire;
using Freshet.Server.Proxy.Clients;

namespace Freshet.Server.Proxy.Caching;

/// <summary>
/// Runs a query again for its result alone, while the stored one is still served: the proxy itself asks, through a
/// session without a client in the same pool and with the same settings, so that queueing, settings and errors are
/// those of any other request. One at a time for each key, and at most <see cref="MostAtOnce"/> on a loop.
/// </summary>
internal sealed class Renewal(LoopCache loop)
{
    private const int MostAtOnce = 16;

    private int _underWay;

    /// <summary>True when the result is being renewed, by this call or an earlier one.</summary>
    public bool TryBegin(ClientSession like, in ClientBatch batch, ReadOnlySpan<byte> content, ulong hash)
    {
        if (loop.Directory.Flights.Find(hash) is not null)
        {
            return true;
        }

        if (_underWay >= MostAtOnce)
        {
            return false;
        }

        _underWay++;
        like.Cache!.Database.Counters[loop.Loop.Index].Renewals++;
        like.Pool!.AddClient(1);
        ClientSession session = ClientSession.Headless(like);
        session.Cache!.GoesPast = true;
        session.Cache.OnDone = () => loop.Loop.Post(() =>
        {
            session.Close();
            _underWay--;
        });
        byte[] request = batch.IsSimple ? Query(content) : Extended(content, batch.Arguments);
        // After this turn: the loop's buffers hold the present client's input.
        loop.Loop.Post(() =>
        {
            session.Transport.KeepCarry(request);
            session.Resume();
        });
        return true;
    }

    private static byte[] Query(ReadOnlySpan<byte> text) =>
        new MessageWriter(text.Length + 16).Begin(FrontendMessage.Query).Bytes(text).Byte(0).End().ToArray();

    private static byte[] Extended(ReadOnlySpan<byte> content, ReadOnlySpan<byte> arguments)
    {
        Span<byte> unlimited = stackalloc byte[4];
        BinaryPrimitives.WriteInt32BigEndian(unlimited, 0);
        return new MessageWriter(content.Length + arguments.Length + 64)
            .Begin(FrontendMessage.Parse).Byte(0).Bytes(content).End()
            .Begin(FrontendMessage.Bind).Byte(0).Byte(0).Bytes(arguments).End()
            .Begin(FrontendMessage.Describe).Byte((byte)'P').Byte(0).End()
            .Begin(FrontendMessage.Execute).Byte(0).Bytes(unlimited).End()
            .Begin(FrontendMessage.Sync).End()
            .ToArray();
    }
}
