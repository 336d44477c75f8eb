using Freshet.Core.Consistency;

namespace Freshet.Server.Feed.Replication;

/// <summary>XLogData or a keepalive; valid until the next one is read.</summary>
internal readonly ref struct StreamFrame
{
    public StreamFrame(ReadOnlySpan<byte> data, bool isCut)
    {
        Data = data;
        IsCut = isCut;
    }

    public StreamFrame(Lsn position, bool wantsReply)
    {
        IsKeepalive = true;
        Position = position;
        WantsReply = wantsReply;
    }

    public bool IsKeepalive { get; }

    /// <summary>Of a keepalive: whatever was committed up to here has been sent before. XLogData's own positions tell
    /// less: they are those of the change within its transaction.</summary>
    public Lsn Position { get; }

    public bool WantsReply { get; }

    /// <summary>The output plugin's message.</summary>
    public ReadOnlySpan<byte> Data { get; }

    /// <summary>Its end is missing.</summary>
    public bool IsCut { get; }
}
