namespace Freshet.Server.Demo;

/// <summary>A private server could not be had. The message tells the user what failed and what
/// helps.</summary>
internal sealed class PrivatePostgresException : Exception
{
    public PrivatePostgresException(string message) : base(message) { }

    public PrivatePostgresException(string message, Exception inner) : base(message, inner) { }
}
