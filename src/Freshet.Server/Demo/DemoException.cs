namespace Freshet.Server.Demo;

/// <summary>The demo cannot go on. The message is for the user.</summary>
internal sealed class DemoException : Exception
{
    public DemoException(string message) : base(message) { }

    public DemoException(string message, Exception inner) : base(message, inner) { }
}
