using System.Net;

namespace Freshet.Server.Configuration;

/// <summary>Reads <c>address:port</c>. Host names are refused: which address they mean, and so whether the world can
/// reach it, may change between two starts.</summary>
internal static class EndpointText
{
    public const string Allowed = "ADDRESS:PORT such as 127.0.0.1:6432, [::1]:6432 or 0.0.0.0:6432 (port 0: any free)";

    public static bool TryParse(string text, out IPEndPoint endpoint)
    {
        endpoint = new IPEndPoint(IPAddress.Loopback, 0);
        var expanded = text.StartsWith("localhost:", StringComparison.Ordinal) ? "127.0.0.1" + text[9..] : text;
        var separator = expanded.LastIndexOf(':');
        if (separator <= 0 || !ushort.TryParse(expanded.AsSpan(separator + 1), out var port))
            return false;
        var host = expanded.AsSpan(0, separator);
        var bracketed = host.Length > 2 && host[0] == '[' && host[^1] == ']';
        // Without brackets, ::1:6432 would be an address of its own.
        if (!bracketed && host.Contains(':'))
            return false;
        // IPAddress takes 127.1 and 2130706433 too, which nobody writes on purpose.
        if (!IPAddress.TryParse(bracketed ? host[1..^1] : host, out var address))
            return false;
        if (!bracketed && !string.Equals(address.ToString(), host.ToString(), StringComparison.Ordinal))
            return false;
        endpoint = new IPEndPoint(address, port);
        return true;
    }
}
