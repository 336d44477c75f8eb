using System.Runtime.InteropServices;

namespace Freshet.Core.Cache;

/// <summary>What stands beside a stored result: the state that it belongs to, and what it is worth.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct ResultHeader
{
    /// <summary>The greatest version (LSN) of the tables that it depends on when its query was sent; -1: it may be
    /// served by age only.</summary>
    public long Version;

    public long SchemaVersion;

    /// <summary>The stream's incarnation; -1 as above.</summary>
    public long Epoch;

    /// <summary>How often its statement's results had been invalidated by hand before its query was sent.</summary>
    public long Invalidations;

    /// <summary><see cref="System.Diagnostics.Stopwatch"/> ticks.</summary>
    public long StoredAt;

    /// <summary>Bytes of its RowDescription; 0: it has none.</summary>
    public int DescriptionBytes;

    /// <summary>The analysed statement that it belongs to.</summary>
    public int StatementNumber;

    /// <summary>What its query took: what each hit saves.</summary>
    public int SavedMicroseconds;

    public int Rows;
}
