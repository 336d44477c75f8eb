using System.Collections.Immutable;
using Freshet.Core.Consistency;
using Freshet.Core.Wire;

namespace Freshet.Server.Feed.Replication;

/// <summary>
/// Reads pgoutput's messages, protocol version 1 (PostgreSQL manual, "Logical Replication Message Formats"), and
/// gathers each transaction. States: outside or inside a transaction. Whatever does not fit is a protocol violation:
/// the feed ends and begins anew rather than miss a change. Belongs to the stream's thread.
/// </summary>
internal sealed class PgOutputDecoder
{
    /// <summary>Prefix of the messages by which event triggers tell that a definition changed.</summary>
    internal const string SchemaPrefix = "freshet.schema";

    /// <summary>Most tables that the stream may describe; they are as many as the publication has.</summary>
    internal const int MostRelations = 200_000;

    /// <summary>PostgreSQL's <c>MaxTupleAttributeNumber</c>.</summary>
    private const int MostColumns = 1664;

    private static readonly DateTimeOffset PostgresEpoch = new(2000, 1, 1, 0, 0, 0, TimeSpan.Zero);

    private readonly KeyHasher? _hasher;
    private readonly TouchedTables _touched;
    private readonly Dictionary<RelationId, RelationDescription> _relations = [];
    private TransactionId _transaction;
    private Lsn _lastEnd;
    private bool _inTransaction;
    private bool _changesSchema;

    /// <param name="tables">Where a table's versions stand.</param>
    /// <param name="hasher">Null: every change concerns its whole table.</param>
    public PgOutputDecoder(Func<RelationId, TableVersion> tables, KeyHasher? hasher)
    {
        _hasher = hasher;
        _touched = new TouchedTables(tables);
    }

    /// <summary>A schema message outside of a transaction was read; whoever acts on it sets it back.</summary>
    public bool SchemaMessageSeen { get; set; }

    public RelationDescription? Find(RelationId id) => _relations.GetValueOrDefault(id);

    /// <summary>Takes one message.</summary>
    /// <param name="message">It, or its beginning.</param>
    /// <param name="isCut">Its end is missing: a change counts for its whole table then.</param>
    /// <returns>The transaction, when this was its Commit.</returns>
    /// <exception cref="FeedException">A protocol violation.</exception>
    public StreamedCommit? Take(ReadOnlySpan<byte> message, bool isCut)
    {
        var reader = new MessageReader(message);
        if (!reader.TryByte(out byte type))
        {
            throw FeedException.Violation("an empty pgoutput message");
        }

        switch (type)
        {
            case (byte)'B':
                Begin(reader);
                return null;
            case (byte)'C':
                return Commit(reader);
            case (byte)'R' when !isCut:
                Relation(reader);
                return null;
            case (byte)'I' or (byte)'U' or (byte)'D':
                Change(type, reader, isCut);
                return null;
            case (byte)'T' when !isCut:
                Truncate(reader);
                return null;
            case (byte)'M':
                Message(reader);
                return null;
            case (byte)'O' or (byte)'Y' when !isCut:
                return null;
            default:
                throw FeedException.Violation($"pgoutput message of type {type}");
        }
    }

    private void Begin(MessageReader reader)
    {
        if (_inTransaction
            || !TryInt64(ref reader, out _)
            || !TryInt64(ref reader, out _)
            || !reader.TryInt32(out int transaction)
            || !reader.AtEnd)
        {
            throw Malformed("Begin");
        }

        _transaction = new TransactionId((uint)transaction);
        _inTransaction = true;
    }

    private StreamedCommit Commit(MessageReader reader)
    {
        if (!_inTransaction
            || !reader.TryByte(out _)
            || !TryInt64(ref reader, out _)
            || !TryInt64(ref reader, out long end)
            || !TryInt64(ref reader, out long microseconds)
            || !reader.AtEnd)
        {
            throw Malformed("Commit");
        }

        var position = new Lsn((ulong)end);
        if (position <= _lastEnd)
        {
            throw FeedException.Violation($"a commit at {position} after one at {_lastEnd}");
        }

        var commit = new StreamedCommit(_transaction, position, At(microseconds), _touched.Take(), _changesSchema);
        _lastEnd = position;
        _inTransaction = _changesSchema = false;
        return commit;
    }

    private void Relation(MessageReader reader)
    {
        if (!reader.TryInt32(out int id)
            || !reader.TryText(out string schema)
            || !reader.TryText(out string name)
            || !reader.TryByte(out byte identity)
            || !reader.TryInt16(out short count)
            || count is < 0 or > MostColumns)
        {
            throw Malformed("Relation");
        }

        var columns = ImmutableArray.CreateBuilder<RelationColumn>(count);
        for (int i = 0; i < count; i++)
        {
            if (!reader.TryByte(out byte flags)
                || !reader.TryText(out string column)
                || !reader.TryInt32(out int typeOid)
                || !reader.TryInt32(out int modifier))
            {
                throw Malformed("Relation");
            }

            columns.Add(new RelationColumn(column, (uint)typeOid, modifier, (flags & 1) != 0));
        }

        var relation = new RelationDescription(
            new RelationId((uint)id), schema, name, (char)identity, columns.MoveToImmutable());
        if (_relations.TryGetValue(relation.Id, out RelationDescription? before))
        {
            _changesSchema |= !relation.IsLike(before);
        }
        else if (_relations.Count >= MostRelations)
        {
            throw FeedException.Violation($"more than {MostRelations} tables");
        }

        _relations[relation.Id] = relation;
    }

    private void Change(byte type, MessageReader reader, bool isCut)
    {
        RelationDescription relation = KnownRelation(ref reader);
        if (isCut)
        {
            _touched.TouchWhole(relation.Id);
            return;
        }

        // An update names the old row only where its key changed (K) or is the whole row (O).
        bool hasTuple = reader.TryByte(out byte kind);
        if (hasTuple && kind is (byte)'K' or (byte)'O' && type != (byte)'I')
        {
            TouchRow(relation, ref reader);
            hasTuple = reader.TryByte(out kind);
            if (type == (byte)'D' && !hasTuple)
            {
                return;
            }
        }

        if (!hasTuple || kind != (byte)'N' || type == (byte)'D')
        {
            throw Malformed("Insert, Update or Delete");
        }

        TouchRow(relation, ref reader);
        if (!reader.AtEnd)
        {
            throw Malformed("Insert, Update or Delete");
        }
    }

    private void TouchRow(RelationDescription relation, ref MessageReader reader)
    {
        if (!reader.TryInt16(out short count) || count != relation.Columns.Length)
        {
            throw Malformed("row");
        }

        bool isKnown = false;
        ulong hash = 0;
        for (int i = 0; i < count; i++)
        {
            if (!reader.TryByte(out byte kind))
            {
                throw Malformed("row");
            }

            // n: null, u: unchanged and not sent; both without a value.
            if (kind is (byte)'n' or (byte)'u')
            {
                continue;
            }

            if (kind is not ((byte)'t' or (byte)'b')
                || !reader.TryInt32(out int length)
                || !reader.TryBytes(length, out ReadOnlySpan<byte> value))
            {
                throw Malformed("row");
            }

            if (i == relation.KeyColumn && kind == (byte)'t' && _hasher is not null)
            {
                isKnown = _hasher(relation.Columns[i].TypeOid, value, out hash);
            }
        }

        if (isKnown)
        {
            _touched.Touch(relation.Id, hash);
        }
        else
        {
            _touched.TouchWhole(relation.Id);
        }
    }

    private void Truncate(MessageReader reader)
    {
        if (!_inTransaction
            || !reader.TryInt32(out int count)
            || !reader.TryByte(out _)
            || count < 0
            || reader.Rest.Length != 4L * count)
        {
            throw Malformed("Truncate");
        }

        while (!reader.AtEnd)
        {
            _touched.TouchWhole(KnownRelation(ref reader).Id);
        }
    }

    private void Message(MessageReader reader)
    {
        // The content may be long and cut; only the prefix counts.
        if (!reader.TryByte(out byte flags) || !TryInt64(ref reader, out _) || !reader.TryText(out string prefix))
        {
            throw Malformed("Message");
        }

        if (prefix is not SchemaPrefix)
        {
            return;
        }

        if (_inTransaction && (flags & 1) != 0)
        {
            _changesSchema = true;
        }
        else
        {
            SchemaMessageSeen = true;
        }
    }

    private RelationDescription KnownRelation(ref MessageReader reader)
    {
        if (!_inTransaction || !reader.TryInt32(out int id))
        {
            throw Malformed("change");
        }

        return _relations.TryGetValue(new RelationId((uint)id), out RelationDescription? relation)
            ? relation
            : throw FeedException.Violation($"a change to table {(uint)id}, which it has not described");
    }

    private static bool TryInt64(ref MessageReader reader, out long value)
    {
        bool read = reader.TryInt32(out int high) & reader.TryInt32(out int low);
        value = ((long)high << 32) | (uint)low;
        return read;
    }

    private static DateTimeOffset At(long microseconds)
    {
        // Whoever lies about the time gets a wrong statistic, not an exception.
        const long century = 100L * 366 * 24 * 3600 * 1_000_000;
        return PostgresEpoch.AddTicks(Math.Clamp(microseconds, -century, century) * 10);
    }

    private static FeedException Malformed(string what) => FeedException.Violation($"a malformed or misplaced {what}");
}
