namespace Freshet.Server.Proxy.State;

/// <summary>Which of the parameters that a server reports (ParameterStatus) belong to the session and can be set, and
/// which only describe the server.</summary>
internal static class ReportedSettings
{
    /// <summary>The server reports them, but nobody restores them: facts of the server or consequences of the role.
    /// </summary>
    public static bool IsFact(string lowerName) =>
        lowerName
            is "server_version"
                or "server_encoding"
                or "integer_datetimes"
                or "in_hot_standby"
                or "is_superuser"
                or "session_authorization";
}
