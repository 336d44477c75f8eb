using System.Text.Json;
using Freshet.Tests.Integration.Authentication;
using Freshet.Tests.Integration.Servers;

namespace Freshet.Tests.Integration.Tls;

/// <summary>Proxies with TLS on one side or the other, in front of the secured server; clients log in as
/// <c>alice</c> by trust.</summary>
internal static class TlsScene
{
    /// <summary>TLS towards clients in this mode; towards the server none.</summary>
    public static Task<LoginScene> ForClientsAsync(SecuredServer server, string mode)
    {
        var files = server.Certificates;
        var tls = new Dictionary<string, string>(StringComparer.Ordinal) { ["mode"] = mode };
        if (mode is not "disable")
        {
            tls["certificateFile"] = files.PathOf("server.crt");
            tls["keyFile"] = files.PathOf("server.key");
        }

        if (mode.StartsWith("verify", StringComparison.Ordinal))
        {
            tls["authorityFile"] = files.AuthorityFile;
        }

        return StartAsync(
            server, "trust_user", "127.0.0.1", server.Port, $""" "tls": {JsonSerializer.Serialize(tls)}, """);
    }

    /// <summary>TLS towards the server; towards clients none.</summary>
    /// <param name="server">The secured server.</param>
    /// <param name="host">The name under which the proxy knows it.</param>
    /// <param name="mode">The setting.</param>
    /// <param name="authority">The setting; null: left out.</param>
    /// <param name="port">Another server's; null: the secured one's.</param>
    /// <param name="role">The role there.</param>
    public static Task<LoginScene> ForServersAsync(
        SecuredServer server, string host, string mode, string? authority, int? port = null,
        string role = "scram_user")
    {
        var tls = new Dictionary<string, string>(StringComparer.Ordinal) { ["mode"] = mode };
        if (authority is not null)
        {
            tls["authorityFile"] = server.Certificates.PathOf(authority);
        }

        return StartAsync(
            server,
            role,
            host,
            port ?? server.Port,
            $""" "serverTls": {JsonSerializer.Serialize(tls)}, """);
    }

    private static Task<LoginScene> StartAsync(
        SecuredServer server, string role, string host, int port, string more) =>
        LoginScene.StartAsync(
            server,
            $$"""
            {
              "auth": "trust",
              "users": { "alice": {} },
              {{more}}
              "databases": {
                "*": {
                  "host": "{{host}}", "port": {{port}}, "user": "{{role}}",
                  "password": {{JsonSerializer.Serialize(SecuredServer.Secret)}}
                }
              }
            }
            """);
}
