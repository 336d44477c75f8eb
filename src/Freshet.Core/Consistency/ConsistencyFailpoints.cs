namespace Freshet.Core.Consistency;

/// <summary>Rules that a test switches off to see that it would notice. None in production.</summary>
[Flags]
internal enum ConsistencyFailpoints
{
    None = 0,

    /// <summary>Commits count as visible as soon as they are streamed.</summary>
    ConfirmAtOnce = 1,

    /// <summary>Results become hits without a pulse.</summary>
    PublishAtOnce = 2,

    /// <summary>Sessions have no floor.</summary>
    NoFloor = 4,
}
