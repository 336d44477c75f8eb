namespace Freshet.Server.Feed.Connection;

/// <summary>One message from the server; valid until the next one is read.</summary>
internal readonly ref struct BackendFrame(byte type, ReadOnlySpan<byte> body, bool isCut)
{
    public byte Type { get; } = type;

    public ReadOnlySpan<byte> Body { get; } = body;

    /// <summary>The message was longer than what is kept of one: its end is missing.</summary>
    public bool IsCut { get; } = isCut;
}
