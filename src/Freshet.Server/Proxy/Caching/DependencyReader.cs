using System.Buffers.Binary;
using Freshet.Core.Consistency;
using Freshet.Core.Sql.Analysis;

namespace Freshet.Server.Proxy.Caching;

/// <summary>What one execution of a statement depends on: its tables, or with a key in its arguments the bucket of
/// that key. Used on one loop's thread.</summary>
internal sealed class DependencyReader
{
    private VersionCell[] _cells = new VersionCell[16];

    /// <summary>Valid until the next call.</summary>
    public ReadOnlySpan<VersionCell> Read(CachedStatement statement, in ClientBatch batch, ReadOnlySpan<byte> content)
    {
        PointKey?[] points = statement.Points;
        if (points.Length == 0)
        {
            return statement.Cells;
        }

        if (_cells.Length < 2 * points.Length)
        {
            _cells = new VersionCell[2 * points.Length];
        }

        int count = 0;
        for (int i = 0; i < points.Length; i++)
        {
            TableVersion table = statement.Tables[i];
            if (points[i] is { } point && TryHash(point, batch, content, out ulong hash))
            {
                _cells[count++] = table.Whole;
                _cells[count++] = table.Bucket(hash);
            }
            else
            {
                _cells[count++] = table.Any;
            }
        }

        return _cells.AsSpan(0, count);
    }

    /// <summary>A text parameter might be <c>now</c> or the like, which a date type would read as the time of the
    /// query.
    /// </summary>
    public bool HasDateWord(in ClientBatch batch)
    {
        if (batch.IsSimple)
        {
            return false;
        }

        var arguments = new BindArguments(batch.Arguments);
        while (arguments.TryNext(out _, out ReadOnlySpan<byte> value, out _))
        {
            // a text's binary format is the text
            if (DateWords.MayContain(value))
            {
                return true;
            }
        }

        return false;
    }

    private static bool TryHash(PointKey point, in ClientBatch batch, ReadOnlySpan<byte> content, out ulong hash)
    {
        hash = 0;
        if (point.Parameter == 0)
        {
            hash = point.ConstantHash;
            return true;
        }

        return !batch.IsSimple
            && BindArguments.TryGet(batch.Arguments, point.Parameter, out short format, out ReadOnlySpan<byte> value)
            && KeyHash.TryHash(point.KeyType, format, value, DeclaredType(content, point.Parameter), out hash);
    }

    /// <summary>The parameter's type as Parse declared it; 0: the server infers it.</summary>
    private static uint DeclaredType(ReadOnlySpan<byte> content, int parameter)
    {
        ReadOnlySpan<byte> types = content[(content.IndexOf((byte)0) + 1)..];
        int count = types.Length < 2 ? 0 : BinaryPrimitives.ReadUInt16BigEndian(types);
        int at = 2 + (4 * (parameter - 1));
        return parameter <= count && types.Length >= at + 4 ? BinaryPrimitives.ReadUInt32BigEndian(types[at..]) : 0;
    }
}
