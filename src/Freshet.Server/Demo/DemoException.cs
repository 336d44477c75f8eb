namespace Freshet.Server.Demo;

/// <summary>The demo cannot go on. The message is for the user.</summary>
internal sealed class DemoException(string message) : Exception(message);
