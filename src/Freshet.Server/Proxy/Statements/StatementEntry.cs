using System.Text;
using Freshet.Core.Sql;

namespace Freshet.Server.Proxy.Statements;

/// <summary>One statement's content: the body of a Parse message behind the name (query text and parameter types).
/// Whoever prepares the same content shares the entry, and on each server connection the name.</summary>
internal sealed class StatementEntry
{
    /// <summary>Clients' own names cannot be mistaken for it in practice, and if one is, the server answers for it.
    /// </summary>
    internal const string NamePrefix = "_fs";

    public StatementEntry(byte[] body, ulong id, StatementTraits traits)
    {
        Body = body;
        Traits = traits;
        ServerName = Encoding.ASCII.GetBytes(
            NamePrefix + id.ToString("x", System.Globalization.CultureInfo.InvariantCulture)
        );
    }

    public byte[] Body { get; }

    /// <summary>False for an unnamed statement too long to be kept: it can be used where it was parsed, and cannot be
    /// parsed again elsewhere.</summary>
    public bool IsKept => Body.Length > 0;

    /// <summary>Without the terminating zero.</summary>
    public byte[] ServerName { get; }

    /// <summary>What the text could do to the session, under either setting of standard_conforming_strings.</summary>
    public StatementTraits Traits { get; }

    /// <summary>Stopwatch ticks of the last Parse; written by any loop, only compared.</summary>
    public long LastUsed { get; set; }

    public static StatementEntry NotKept() => new([], 0, StatementTraits.None);

    public ReadOnlySpan<byte> Text => Body.AsSpan(0, Body.AsSpan().IndexOf((byte)0));
}
