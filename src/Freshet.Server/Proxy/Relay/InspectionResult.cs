namespace Freshet.Server.Proxy.Relay;

internal enum InspectionAction : byte
{
    /// <summary>Send the message on as it is.</summary>
    Forward,

    /// <summary>It was dealt with; <see cref="InspectionResult.Used"/> of its bytes are used, the rest streams.
    /// </summary>
    Done,

    /// <summary>All of it was answered here; no server has to know.</summary>
    Answered,

    /// <summary>It cannot be sent before all answers are in.</summary>
    Wait,
}

/// <summary>What is to happen with a message from a client.</summary>
/// <param name="Action">Forward, done or wait.</param>
/// <param name="Used">With <see cref="InspectionAction.Done"/>: bytes used.</param>
/// <param name="Barrier">Nothing more is sent until its answer is in.</param>
internal readonly record struct InspectionResult(InspectionAction Action, int Used = 0, bool Barrier = false)
{
    public static InspectionResult Forward => default;

    public static InspectionResult Answered => new(InspectionAction.Answered);

    public static InspectionResult Wait => new(InspectionAction.Wait);

    public static InspectionResult Done(int used) => new(InspectionAction.Done, used);
}
