using Freshet.Core.Cache;
using Freshet.Core.Wire;
using Freshet.Server.Proxy.Clients;
using Freshet.Server.Proxy.Relay;
using Freshet.Server.Proxy.Statements;

namespace Freshet.Server.Proxy.Caching;

/// <summary>Answers a batch with a stored result, message for message as the server would. A stored payload is
/// ParseComplete, BindComplete, RowDescription (if it was asked for), the rows, CommandComplete, ReadyForQuery: nearly
/// every batch wants a run of it, which goes out from where it lies.</summary>
internal sealed class HitWriter(LoopCache loop)
{
    private const int ParseCompleteBytes = 5;

    public void Write(ClientSession client, in ClientBatch batch, in StoredResult stored, CachedStatement statement)
    {
        ReadOnlySpan<byte> payload = stored.Payload;
        if (batch.IsSimple)
        {
            client.State.Statements?.Unnamed = null; // a simple query drops it
            Send(client, payload[Fill.PrefixBytes..]);
            return;
        }

        if (batch.HasParse)
        {
            Remember(client, batch, statement);
        }

        ReadOnlySpan<byte> answer = batch.HasParse ? payload : payload[ParseCompleteBytes..];
        if (batch.Describes || stored.Header.DescriptionBytes == 0)
        {
            Send(client, answer);
            return;
        }

        // The client did not ask for the description that stands in the middle.
        int before = answer.Length - payload.Length + Fill.PrefixBytes;
        var output = new RelayOutput(client.Transport, default, loop.Loop.Staging);
        output.Insert(answer[..before]);
        output.Insert(answer[(before + stored.Header.DescriptionBytes)..]);
        output.Flush();
    }

    /// <summary>What a Parse does to the session: the next server connection gets it when it is used there.</summary>
    private static void Remember(ClientSession client, in ClientBatch batch, CachedStatement statement)
    {
        StatementEntry entry = statement.Entry is { } known && known.Body.AsSpan().SequenceEqual(batch.Content)
            ? known
            : statement.Entry = client.Proxy.Statements.GetOrAdd(
                batch.Content, client.Loop.Now, client.Proxy.Snapshot.StatementCacheBytes);
        entry.LastUsed = client.Loop.Now;
        ClientStatements statements = client.State.NeedStatements();
        if (batch.ParseName.IsEmpty)
        {
            statements.Unnamed = entry;
        }
        else
        {
            statements.Add(new ClientStatement(batch.ParseName.ToArray(), entry));
        }
    }

    private static void Send(ClientSession client, ReadOnlySpan<byte> bytes) => client.Transport.Send(bytes);
}
