namespace Freshet.Server.Proxy.Admin;

/// <summary>What became of a message that may belong to an admin call.</summary>
internal enum AdminTaking
{
    /// <summary>It does not: it goes its usual way.</summary>
    Other,

    /// <summary>It was dealt with, or will be: while <see cref="AdminSession.IsBusy"/> nothing else is.</summary>
    Taken,

    /// <summary>More of it has to come.</summary>
    Incomplete,

    /// <summary>It has to wait for the answers that are due.</summary>
    Wait,
}
