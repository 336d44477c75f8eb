using System.Diagnostics.CodeAnalysis;
using Freshet.Core.Sql;
using Freshet.Core.Wire;

namespace Freshet.Server.Proxy.Admin;

/// <summary>Reads a Bind of an admin call.</summary>
internal static class AdminBinding
{
    /// <param name="call">What is bound.</param>
    /// <param name="arguments">The Bind's body behind the statement's name: formats and values of parameters, formats
    /// of columns.</param>
    /// <param name="portal">What Describe and Execute will use.</param>
    /// <returns>False: the bytes are no Bind's, or their parameters are not the call's.</returns>
    public static bool TryRead(
        AdminCall call, ReadOnlySpan<byte> arguments, [NotNullWhen(true)] out AdminPortal? portal)
    {
        portal = null;
        int wanted = call.HasParameter ? 1 : 0;
        var reader = new MessageReader(arguments);
        // A text is the same bytes in both formats, so which one it is does not matter.
        if (!reader.TryInt16(out short formats) || !reader.TryBytes(2 * formats, out _)
            || !reader.TryInt16(out short count) || count != wanted)
        {
            return false;
        }

        byte[]? argument = call.Constant;
        if (count == 1)
        {
            if (!reader.TryInt32(out int length))
            {
                return false;
            }

            ReadOnlySpan<byte> value = default;
            if (length >= 0 && !reader.TryBytes(length, out value))
            {
                return false;
            }

            argument = length < 0 ? null : value.ToArray();
        }

        if (ResultFormats.Read(reader.Rest, AdminCalls.ShapeOf(call).Columns.Length) is { } columns)
        {
            portal = new AdminPortal(call, argument, columns);
        }

        return portal is not null;
    }
}
