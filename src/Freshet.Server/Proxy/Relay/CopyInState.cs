namespace Freshet.Server.Proxy.Relay;

/// <summary>
/// Tracks COPY FROM STDIN on one server connection, because a server that copies in ignores Sync: such a Sync gets no
/// ReadyForQuery. When the copy fails nobody can tell which Syncs it read before and which after; the connection is
/// then <see cref="Doubtful"/> and not lent again.
/// </summary>
internal struct CopyInState
{
    /// <summary>Between CopyInResponse and the client's CopyDone or CopyFail.</summary>
    public bool Receiving { get; private set; }

    /// <summary>Syncs sent that the copy will have ignored, if it got as far.</summary>
    public int IgnoredSyncs { get; set; }

    /// <summary>A ReadyForQuery may come that nothing in the queue stands for.</summary>
    public bool Doubtful { get; private set; }

    public void Begin(int syncsOnTheWay, bool ended)
    {
        Receiving = !ended;
        IgnoredSyncs = syncsOnTheWay;
    }

    public void ClientDone() => Receiving = false;

    public void Succeeded()
    {
        Receiving = false;
        IgnoredSyncs = 0;
    }

    public void Failed()
    {
        Doubtful |= IgnoredSyncs > 0;
        Receiving = false;
        IgnoredSyncs = 0;
    }
}
