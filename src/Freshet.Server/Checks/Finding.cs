namespace Freshet.Server.Checks;

internal enum FindingStatus
{
    /// <summary>As it should be.</summary>
    Ok,

    /// <summary>Worth knowing; nothing needs repair.</summary>
    Note,

    /// <summary>Something does not work or is at risk until it is repaired.</summary>
    Missing,
}

/// <param name="Name">What was looked at, one word for scripts.</param>
/// <param name="Status">How it is.</param>
/// <param name="Detail">What was found and what that means.</param>
/// <param name="Repair">The SQL or command that repairs it; null: nothing to repair.</param>
internal sealed record Finding(string Name, FindingStatus Status, string Detail, string? Repair = null);
