using Freshet.Core.Sql;

namespace Freshet.Server.Proxy.Admin;

/// <summary>The unnamed portal while an admin call is bound to it.</summary>
internal sealed class AdminPortal(AdminCall call, byte[]? argument, ResultFormats formats)
{
    public AdminCall Call => call;

    /// <summary>Null: NULL, or none is taken.</summary>
    public byte[]? Argument => argument;

    public ResultFormats Formats => formats;

    /// <summary>Once it was executed: an Execute with a limit of rows may be followed by others.</summary>
    public AdminTable? Table { get; set; }

    /// <summary>Rows sent.</summary>
    public int Sent { get; set; }
}
