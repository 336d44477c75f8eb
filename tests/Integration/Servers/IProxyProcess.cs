namespace Freshet.Tests.Integration.Servers;

/// <summary>A proxy that runs as a child process: Freshet, or PgBouncer, against which the tests themselves are
/// checked.</summary>
internal interface IProxyProcess : IAsyncDisposable
{
    int Port { get; }

    /// <summary>Everything it has written so far, for the message of a test that fails.</summary>
    string Output { get; }
}
