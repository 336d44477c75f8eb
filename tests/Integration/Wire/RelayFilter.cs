namespace Freshet.Tests.Integration.Wire;

/// <summary>What a <see cref="ServerRelay"/> does to one connection. Its two methods run on two threads.</summary>
internal abstract class RelayFilter
{
    /// <summary>Sees what the proxy sends to the server, which gets it unchanged.</summary>
    public virtual void OnRequest(byte[] bytes)
    {
    }

    /// <summary>Hands on what the server says.</summary>
    /// <param name="bytes">As they came.</param>
    /// <param name="send">To the proxy.</param>
    public abstract void Answer(byte[] bytes, Action<byte[]> send);
}
