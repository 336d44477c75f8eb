namespace Freshet.Bench.Load.Rig;

/// <summary>The bench cannot go on; the message is for the one who started it.</summary>
internal sealed class BenchException : Exception
{
    public BenchException() { }

    public BenchException(string message) : base(message) { }

    public BenchException(string message, Exception innerException) : base(message, innerException) { }
}
