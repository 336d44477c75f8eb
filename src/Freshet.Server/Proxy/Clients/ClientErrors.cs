using Freshet.Core.Wire;

namespace Freshet.Server.Proxy.Clients;

/// <summary>Every ErrorResponse that Freshet itself sends to a client: SQLSTATE, a message that names the value, a
/// hint that says what to do.</summary>
internal static class ClientErrors
{
    public static byte[] DuplicateStatement(string name) =>
        Make("ERROR", SqlState.DuplicatePreparedStatement, $"prepared statement \"{name}\" already exists", null);

    public static byte[] OfAdminCall(string sqlState, string message, string? hint) =>
        Make("ERROR", sqlState, message, hint);

    public static byte[] ServerError(ErrorFields error) =>
        Make(
            "FATAL",
            error.SqlState.IsEmpty ? SqlState.ConnectionFailure : error.SqlStateText,
            error.MessageText,
            null
        );

    public static byte[] NoDatabase(string name) =>
        Make(
            "FATAL",
            SqlState.InvalidCatalogName,
            $"database \"{name}\" does not exist",
            "Freshet's configuration lists neither this database nor \"*\"."
        );

    public static byte[] LoginFailed(string user) =>
        Make("FATAL", SqlState.InvalidPassword, $"password authentication failed for user \"{user}\"", null);

    public static byte[] UnknownUser(string user) =>
        Make(
            "FATAL",
            SqlState.InvalidAuthorization,
            $"role \"{user}\" does not exist",
            "Freshet's configuration lists no such user; with auth = trust or cert, too, a user has to be listed."
        );

    /// <summary>The server refused what a session had set, on another connection than it was set on.</summary>
    public static byte[] SettingsRefused(ErrorFields error) =>
        Make(
            "ERROR",
            error.SqlState.IsEmpty ? SqlState.InternalError : error.SqlStateText,
            "the settings of this session cannot be put in force again: " + error.MessageText,
            "RESET ALL, RESET ROLE or DISCARD ALL goes back to the settings that the session started with."
        );

    public static byte[] CertificateRequired(string user, string? commonName) =>
        Make(
            "FATAL",
            SqlState.InvalidAuthorization,
            commonName is null
                ? $"user \"{user}\" must present a client certificate"
                : $"the certificate's common name \"{commonName}\" is not the user name \"{user}\"",
            null
        );

    public static byte[] TlsRequired() =>
        Make(
            "FATAL",
            SqlState.InvalidAuthorization,
            "this connection must use TLS",
            "Freshet's setting tls.mode demands it; connect with sslmode=require."
        );

    public static byte[] Protocol(string what) => Make("FATAL", SqlState.ProtocolViolation, what, null);

    public static byte[] UnsupportedProtocol(int version) =>
        Make(
            "FATAL",
            SqlState.FeatureNotSupported,
            $"unsupported frontend protocol {ProtocolVersion.Major(version)}.{ProtocolVersion.Minor(version)}: "
                + "server supports 3.0 to 3.2",
            null
        );

    public static byte[] Auth(string sqlState, string message) => Make("FATAL", sqlState, message, null);

    public static byte[] TooManyClients(int most) =>
        Make(
            "FATAL",
            SqlState.TooManyConnections,
            $"no more connections allowed (maxClientConnections = {most})",
            "Raise the limit, or let clients share connections."
        );

    public static byte[] NoDescriptors() =>
        Make(
            "FATAL",
            SqlState.TooManyConnections,
            "Freshet has no file descriptor left for another connection",
            "Raise the limit of open files of the freshet process (ulimit -n, LimitNOFILE)."
        );

    public static byte[] NoServer(string reason) =>
        Make(
            "FATAL",
            SqlState.ConnectionFailure,
            "cannot get a server connection: " + reason,
            "Look at the server and at the database's host, port, user and tls settings; `freshet check` tells more."
        );

    public static byte[] WaitTimeout(double seconds, string? lastFailure) =>
        Make(
            "FATAL",
            SqlState.ConnectionFailure,
            $"query_wait_timeout: no server connection came free within pool.waitTimeout = {seconds:0.###} s"
                + (lastFailure is null ? "" : "; the last attempt to open one failed: " + lastFailure),
            lastFailure is null ? "Raise pool.size, or look for transactions that stay open." : null
        );

    public static byte[] ServerLost(string reason) =>
        Make(
            "FATAL",
            SqlState.ConnectionFailure,
            "the server connection was lost: " + reason,
            "A transaction under way may or may not have been committed."
        );

    public static byte[] TimeLimit(string what) => Make("FATAL", SqlState.QueryCanceled, what, null);

    public static byte[] IdleTransaction(string what) => Make("FATAL", SqlState.IdleInTransactionTimeout, what, null);

    public static byte[] LoginTimeout(double seconds) =>
        Make(
            "FATAL",
            SqlState.ProtocolViolation,
            $"login took longer than clientLoginTimeout = {seconds:0.###} s",
            null
        );

    public static byte[] IdleClient(double seconds) =>
        Make("FATAL", SqlState.IdleSessionTimeout, $"idle for longer than clientIdleTimeout = {seconds:0.###} s", null);

    public static byte[] ShuttingDown() =>
        Make("FATAL", SqlState.AdminShutdown, "terminating connection: Freshet is shutting down", null);

    public static byte[] NotAccepting() => Make("FATAL", SqlState.CannotConnectNow, "Freshet is shutting down", null);

    public static byte[] StatementMode() =>
        Make(
            "FATAL",
            SqlState.FeatureNotSupported,
            "transaction blocks are not allowed in statement pooling mode",
            "Use pool.mode = transaction for clients that need transactions."
        );

    public static byte[] TooManyStatements(int most) =>
        Make(
            "FATAL",
            SqlState.ConfigurationLimitExceeded,
            $"more prepared statements than maxClientPreparedStatements = {most}",
            "Close those not in use."
        );

    public static byte[] BadOptions(string options) =>
        Make(
            "FATAL",
            SqlState.ProtocolViolation,
            $"cannot use the start-up parameter options \"{options}\"",
            "In transaction mode only -c name=value and --name=value can be followed."
        );

    public static byte[] Internal(string what) =>
        Make("FATAL", SqlState.InternalError, what, "This is a defect of Freshet; please report it with the log.");

    private static byte[] Make(string severity, string sqlState, string message, string? hint)
    {
        MessageWriter writer = new MessageWriter()
            .Begin(BackendMessage.ErrorResponse)
            .Byte((byte)'S')
            .CString(severity)
            .Byte((byte)'V')
            .CString(severity)
            .Byte((byte)'C')
            .CString(sqlState)
            .Byte((byte)'M')
            .CString(message);
        if (hint is not null)
        {
            writer.Byte((byte)'H').CString(hint);
        }

        return writer.Byte(0).End().ToArray();
    }
}
