using System.Buffers.Binary;
using Freshet.Core.Consistency;
using Freshet.Core.Sql.Analysis;

namespace Freshet.Server.Feed;

/// <summary>
/// Reads pgoutput's messages (protocol version 1) and tells <see cref="Freshness"/> what each commit has touched.
/// Lengths
/// are checked before anything is read. On the stream's thread.
/// </summary>
internal sealed class StreamDecoder(Freshness freshness)
{
    /// <summary>Different keys of one table that one transaction is followed by; beyond it any row may have changed.
    /// </summary>
    private const int MostKeys = 256;

    /// <summary>Prefix of the messages that tell of changed definitions.</summary>
    internal const string SchemaPrefix = "freshet.schema";

    private readonly Dictionary<uint, StreamedRelation> _relations = [];
    private readonly Dictionary<TableVersion, HashSet<ulong>?> _changes = [];
    private readonly List<TableChange> _list = [];
    private TransactionId _transaction;
    private bool _schemaChanged;

    public long Commits { get; private set; }

    public long Messages { get; private set; }

    /// <summary>PostgreSQL's time of the last commit, microseconds since 2000.</summary>
    public long LastCommitTime { get; private set; }

    /// <exception cref="FeedException">The message is none that pgoutput sends.</exception>
    public void Read(ReadOnlySpan<byte> message)
    {
        Messages++;
        var reader = new StreamReader(message);
        switch ((char)reader.Byte())
        {
            case 'B':
                reader.Skip(16);
                _transaction = new TransactionId(reader.UInt32());
                break;
            case 'C':
                reader.Skip(9);
                Lsn end = new(reader.UInt64());
                LastCommitTime = (long)reader.UInt64();
                Commit(end);
                break;
            case 'R':
                Describe(ref reader, message);
                break;
            case 'I':
                Change(Find(reader.UInt32()), ref reader, 'N');
                break;
            case 'U':
                Update(ref reader);
                break;
            case 'D':
                Change(Find(reader.UInt32()), ref reader, expected: null);
                break;
            case 'T':
                Truncate(ref reader);
                break;
            case 'M':
                ReadMessage(ref reader);
                break;
            case 'O' or 'Y':
                break; // where it came from, and types: of no interest
            case var other:
                throw new FeedException($"the stream holds a message '{other}'");
        }
    }

    private void Commit(Lsn end)
    {
        Commits++;
        _list.Clear();
        foreach ((TableVersion table, HashSet<ulong>? keys) in _changes)
        {
            if (keys is null)
            {
                _list.Add(new TableChange(table, 0, IsWhole: true));
                continue;
            }

            foreach (ulong key in keys)
            {
                _list.Add(new TableChange(table, key, IsWhole: false));
            }
        }

        if (_schemaChanged)
        {
            freshness.SchemaChanged();
        }

        freshness.Commit(_transaction, end, System.Runtime.InteropServices.CollectionsMarshal.AsSpan(_list));
        _changes.Clear();
        _schemaChanged = false;
    }

    private void Describe(ref StreamReader reader, ReadOnlySpan<byte> message)
    {
        uint id = reader.UInt32();
        reader.Text(); // schema
        reader.Text(); // name
        reader.Skip(1); // replica identity
        int columns = reader.UInt16();
        int key = -1;
        int keys = 0;
        uint type = 0;
        for (int i = 0; i < columns; i++)
        {
            bool isKey = reader.Byte() == 1;
            reader.Text();
            uint columnType = reader.UInt32();
            reader.Skip(4);
            if (isKey)
            {
                keys++;
                key = i;
                type = columnType;
            }
        }

        bool byKey = keys == 1 && KeyHash.IsSupported(type);
        byte[] description = message.ToArray();
        if (_relations.TryGetValue(id, out StreamedRelation? before)
            && !before.Description.AsSpan().SequenceEqual(description))
        {
            freshness.SchemaChanged();
        }

        _relations[id] = new StreamedRelation(
            freshness.Table(new RelationId(id)), description, byKey ? key : -1, type);
    }

    private StreamedRelation Find(uint id) =>
        _relations.GetValueOrDefault(id) ?? throw new FeedException($"relation {id} was not described");

    private void Update(ref StreamReader reader)
    {
        StreamedRelation relation = Find(reader.UInt32());
        if (reader.Peek() is (byte)'K' or (byte)'O')
        {
            Change(relation, ref reader, expected: null);
        }

        Change(relation, ref reader, 'N');
    }

    /// <summary>A tuple, with the letter that says which.</summary>
    private void Change(StreamedRelation relation, ref StreamReader reader, char? expected)
    {
        byte kind = reader.Byte();
        if (expected is null ? kind is not ((byte)'K' or (byte)'O') : kind != expected)
        {
            throw new FeedException($"a tuple begins with '{(char)kind}'");
        }

        int columns = reader.UInt16();
        ulong hash = 0;
        bool known = false;
        for (int i = 0; i < columns; i++)
        {
            byte state = reader.Byte();
            if (state is not ((byte)'t' or (byte)'b'))
            {
                continue; // null, or an unchanged value that was not sent
            }

            ReadOnlySpan<byte> value = reader.Bytes(reader.Int32());
            if (i == relation.KeyColumn && state == 't')
            {
                known = KeyHash.TryHash(relation.KeyType, 0, value, 0, out hash);
            }
        }

        Note(relation.Table, known, hash);
    }

    private void Note(TableVersion table, bool known, ulong hash)
    {
        if (!known)
        {
            _changes[table] = null;
            return;
        }

        if (!_changes.TryGetValue(table, out HashSet<ulong>? keys))
        {
            _changes[table] = [hash];
        }
        else if (keys is not null && keys.Add(hash) && keys.Count > MostKeys)
        {
            _changes[table] = null;
        }
    }

    private void Truncate(ref StreamReader reader)
    {
        int relations = reader.Int32();
        reader.Skip(1);
        for (int i = 0; i < relations; i++)
        {
            Note(Find(reader.UInt32()).Table, known: false, 0);
        }
    }

    private void ReadMessage(ref StreamReader reader)
    {
        bool transactional = (reader.Byte() & 1) != 0;
        reader.Skip(8);
        if (!reader.Text().SequenceEqual("freshet.schema"u8))
        {
            return;
        }

        if (transactional)
        {
            _schemaChanged = true;
        }
        else
        {
            freshness.SchemaChanged();
        }
    }
}
