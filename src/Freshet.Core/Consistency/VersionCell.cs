namespace Freshet.Core.Consistency;

/// <summary>
/// The version of what a result depends on: a table, or the rows of a table whose key falls into one bucket. Written
/// under <see cref="Freshness"/>'s lock only; read by any thread without one, versions of all cells first and
/// <see cref="IsConfirmed"/> of all cells after that.
/// </summary>
internal sealed class VersionCell
{
    private long _version;
    private int _unconfirmed;

    /// <summary>End LSN of the last streamed commit that touched it, or where the stream began.</summary>
    public long Version => Volatile.Read(ref _version);

    /// <summary>Every streamed commit that touched it is known to be visible to new snapshots.</summary>
    public bool IsConfirmed => Volatile.Read(ref _unconfirmed) == 0;

    /// <summary>The count goes up before the version shows, so that nobody sees the new version confirmed.</summary>
    internal void Touch(Lsn end)
    {
        Volatile.Write(ref _unconfirmed, _unconfirmed + 1);
        Volatile.Write(ref _version, (long)end.Value);
    }

    internal void Confirm()
    {
        if (_unconfirmed <= 0)
        {
            throw new InvalidOperationException("a commit was confirmed that nobody streamed");
        }

        Volatile.Write(ref _unconfirmed, _unconfirmed - 1);
    }

    internal void Reset(Lsn position)
    {
        Volatile.Write(ref _unconfirmed, 0);
        Volatile.Write(ref _version, (long)position.Value);
    }
}
