namespace Freshet.Server.Proxy.Loop;

/// <summary>Whoever owns a descriptor in an event loop: listener, client, server, cancel request.</summary>
internal interface IPollHandler
{
    /// <summary>Called on the loop's thread with the ready <c>EPOLL*</c> bits.</summary>
    void OnReady(EventLoop loop, uint events);

    /// <summary>A defect showed itself while this one was served: close it without ceremony.</summary>
    void Abort(string reason);
}
