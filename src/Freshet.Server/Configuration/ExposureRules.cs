using System.Net;
using Freshet.Server.Proxy.Settings;

namespace Freshet.Server.Configuration;

/// <summary>Secure by default: an address that other machines can reach is refused with settings that would let
/// strangers in or passwords out, unless <c>insecure</c> is set.</summary>
internal static class ExposureRules
{
    public static void Check(
        ProxySnapshot proxy,
        IPEndPoint? http,
        bool hasToken,
        bool insecure,
        SettingReading reading
    )
    {
        if (http is not null && !IPAddress.IsLoopback(http.Address))
        {
            reading.Warnings.Add(
                $"http is {http}: other machines can read the names and numbers of all pools there"
                    + (hasToken
                        ? ", and httpToken travels in clear text"
                        : "; invalidating and explaining are refused there until httpToken is set"));
        }
        var open = proxy.Listen.FirstOrDefault(listen => !IPAddress.IsLoopback(listen.Address));
        if (open is null)
            return;
        var problem = Problem(proxy);
        if (problem is null)
            return;
        if (insecure)
            reading.Warnings.Add($"insecure is set: listen is {open}, {problem.Value.What}");
        else
        {
            reading.Refuse(
                "listen",
                $"is {open}, which other machines can reach, {problem.Value.What}; {problem.Value.Remedy}, or listen "
                    + "on 127.0.0.1, or accept the risk with --insecure"
            );
        }
    }

    private static (string What, string Remedy)? Problem(ProxySnapshot proxy)
    {
        var tls = proxy.ClientTls;
        if (proxy.Auth == AuthMethod.Trust)
            return ("and auth is trust, which asks nobody for a password", "set auth to scram");
        if (tls.Mode == TlsMode.Disable || tls.CertificateFile is null)
        {
            return (
                $"and tls.mode is {SettingNames.Value(tls.Mode)}, so everything would travel in clear text",
                "set tls.certificateFile and tls.keyFile (--tls-cert, --tls-key)"
            );
        }
        if (proxy.Auth == AuthMethod.Password && tls.Mode is TlsMode.Allow or TlsMode.Prefer)
        {
            return (
                $"and auth is password while tls.mode is {SettingNames.Value(tls.Mode)}, so passwords could travel in "
                    + "clear text",
                "set tls.mode to require or auth to scram"
            );
        }
        return null;
    }
}
