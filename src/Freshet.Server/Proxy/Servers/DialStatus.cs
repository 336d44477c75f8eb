namespace Freshet.Server.Proxy.Servers;

/// <summary>How far a <see cref="ServerDial"/> has come.</summary>
internal enum DialStatus
{
    /// <summary>The next event tells.</summary>
    Pending,

    /// <summary>The first message of the protocol may be sent.</summary>
    Connected,

    /// <summary><see cref="ServerDial.Failure"/> says why.</summary>
    Failed,
}
