using System.Globalization;
using Freshet.Core.Consistency;

namespace Freshet.Server.Feed;

/// <summary>Where tests hold the feed up, or switch one of its rules off to see that this is noticed. Null in
/// production.</summary>
internal sealed class FeedFailpoints
{
    /// <summary>Called on the stream's thread before each message is taken.</summary>
    public Action? BeforeStreamMessage { get; set; }

    /// <summary>Called on the pulse's thread between the primary's answer and its use.</summary>
    public Action? BeforePulseAnswer { get; set; }

    /// <summary>Answers of pulses are thrown away: nothing is confirmed, no floor is found.</summary>
    public bool DropPulses { get; set; }

    /// <summary>Switches the rule off that a commit is confirmed only when a snapshot shows it: each pulse confirms
    /// whatever was streamed.</summary>
    public bool ConfirmUnseen { get; set; }

    /// <summary>A snapshot like the given one, in which no transaction runs and a million more have ended.</summary>
    internal static VisibilitySnapshot ShowingAll(VisibilitySnapshot snapshot)
    {
        ulong next = snapshot.Next + 1_000_000;
        return VisibilitySnapshot.Parse(string.Create(CultureInfo.InvariantCulture, $"{next}:{next}:"));
    }
}
