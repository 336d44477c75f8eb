namespace Freshet.Server.Health;

/// <summary>The process's stage of life.</summary>
internal enum Readiness
{
    Starting,
    Ready,
    Draining,
}
