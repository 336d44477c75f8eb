namespace Freshet.Server.Proxy.Relay;

/// <summary>Which request an answer belongs to.</summary>
internal enum ExpectedKind : byte
{
    Query,
    FunctionCall,
    Sync,
    Parse,
    Bind,
    DescribeStatement,
    DescribePortal,
    Execute,
    Close,

    /// <summary>No request: where the client ended a COPY of whose beginning nothing had been heard.</summary>
    CopyEnd,
}

[Flags]
internal enum ExpectedFlags : byte
{
    None = 0,

    /// <summary>The proxy asked for itself: the client sees nothing of the answer.</summary>
    Swallow = 1,

    /// <summary>Nothing was sent: the proxy answers (ParseComplete, CloseComplete) when its turn has come.</summary>
    Local = 2,

    /// <summary>A Parse under a name that the client has already: the server's refusal gets the client's name.
    /// </summary>
    DuplicateName = 4,

    /// <summary>A Close that makes room for another statement on the server.</summary>
    Evict = 8,

    /// <summary>A Parse or Close of the unnamed statement.</summary>
    Unnamed = 16,
}

/// <summary>One request whose answer is still to come. <see cref="Reference"/>: for Parse and Bind the
/// <see cref="Statements.StatementEntry"/> or <see cref="Statements.ClientStatement"/> concerned; for a swallowed
/// query the <see cref="Servers.ServerOperation"/> that reads the answer.</summary>
internal readonly record struct ExpectedResponse(ExpectedKind Kind, ExpectedFlags Flags, object? Reference)
{
    public bool Swallow => (Flags & ExpectedFlags.Swallow) != 0;

    public bool Local => (Flags & ExpectedFlags.Local) != 0;

    /// <summary>It changes which named statements there are, for the client or on the server.</summary>
    public bool ChangesStatements =>
        (Kind == ExpectedKind.Parse && (Flags & ExpectedFlags.Unnamed) == 0)
        || (Kind == ExpectedKind.Close && Reference is not null);

    /// <summary>Answered by ReadyForQuery.</summary>
    public bool EndsWithReady => Kind <= ExpectedKind.Sync;
}
