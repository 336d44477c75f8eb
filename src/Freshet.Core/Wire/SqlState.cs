namespace Freshet.Core.Wire;

/// <summary>The SQLSTATEs that Freshet itself sends (PostgreSQL manual, appendix A).</summary>
internal static class SqlState
{
    public const string ConnectionFailure = "08006";
    public const string CannotConnect = "08001";
    public const string ProtocolViolation = "08P01";
    public const string FeatureNotSupported = "0A000";
    public const string InvalidAuthorization = "28000";
    public const string InvalidPassword = "28P01";
    public const string InvalidParameterValue = "22023";
    public const string InvalidStatementName = "26000";
    public const string IdleInTransactionTimeout = "25P03";
    public const string InvalidCatalogName = "3D000";
    public const string SyntaxError = "42601";
    public const string UndefinedFunction = "42883";
    public const string UndefinedParameter = "42P02";
    public const string DuplicatePreparedStatement = "42P05";
    public const string TooManyConnections = "53300";
    public const string ConfigurationLimitExceeded = "53400";
    public const string ProgramLimitExceeded = "54000";
    public const string QueryCanceled = "57014";
    public const string AdminShutdown = "57P01";
    public const string CannotConnectNow = "57P03";
    public const string IdleSessionTimeout = "57P05";
    public const string InternalError = "XX000";
}
