using Freshet.Server.Configuration;
using Xunit;

namespace Freshet.Tests.Unit.Configuration;

/// <summary>A marker stands wherever a secret can stand; nothing that can be printed may contain it.</summary>
public sealed class SecretsTests
{
    private const string Marker = "xyzzy";

    [Fact]
    public void No_secret_appears_in_anything_that_can_be_printed()
    {
        var folder = Directory.CreateTempSubdirectory("freshet-test-");
        try
        {
            var file = Path.Combine(folder.FullName, "secret");
            File.WriteAllText(file, Marker + "-file\n");
            var list = Path.Combine(folder.FullName, "userlist.txt");
            File.WriteAllText(list, $"\"listed\" \"{Marker}-list\"\n");
            var loaded = LoadedText.From(
                $$"""
                {
                  "url": "postgres://u:{{Marker}}-url@h/d?password={{Marker}}-parameter",
                  "usersFile": "{{list}}",
                  "httpToken": "{{Marker}}-0123456789abcdef",
                  "databases": {
                    "a": { "url": "postgres://u:{{Marker}}-a@h/x" },
                    "b": { "host": "h", "user": "u", "password": "{{Marker}}-b" },
                    "c": { "host": "h", "user": "u", "passwordFile": "{{file}}" }
                  },
                  "users": {
                    "a": { "password": "{{Marker}}-user" },
                    "b": { "passwordFile": "{{file}}" },
                    "c": { "verifier": "SCRAM-SHA-256$4096:{{Salt}}${{Key}}:{{Key}}" }
                  }
                }
                """,
                environment: new() { ["PGPASSWORD"] = Marker + "-env", ["FRESHET__USERS__d__PASSWORD"] = Marker + "-d" }
            );
            var configuration = loaded.Good;
            // The secrets did arrive, so that their absence below means something.
            Assert.Equal(Marker + "-parameter", configuration.Proxy.Databases["d"].Password);
            Assert.Equal(Marker + "-file", configuration.Proxy.Databases["c"].Password);
            Assert.Equal(Marker + "-list", configuration.Proxy.Users["listed"].Secret);
            Assert.Equal(Marker + "-d", configuration.Proxy.Users["d"].Secret);
            Assert.True(configuration.HttpToken!.Matches($"Bearer {Marker}-0123456789abcdef"));

            var printed = string.Join(
                '\n',
                [
                    .. configuration.Settings.Select(setting => setting.ToString()),
                    .. configuration.Warnings,
                    configuration.HttpToken.ToString()!,
                    .. configuration.Proxy.Users.Values.Select(user => user.ToString()),
                ]
            );

            Assert.DoesNotContain(Marker, printed, StringComparison.OrdinalIgnoreCase);
            Assert.DoesNotContain(Key, printed, StringComparison.Ordinal);
            Assert.Contains("users.c.verifier", printed, StringComparison.Ordinal);
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    [Fact]
    public void No_secret_appears_in_an_error()
    {
        var loaded = LoadedText.From(
            $$"""
            {
              "url": "postgres://u:{{Marker}}@h:{{Marker}}/d?sslmode=x&{{Marker}}=1",
              "passwrd": "{{Marker}}", "pool": "{{Marker}}", "passwordFile": {{"7"}},
              "databases": {
                "a": { "url": "postgres://u:{{Marker}}%zz@h/x", "password": "{{Marker}}" },
                "b": { "host": "h", "password": "{{Marker}}", "pasword": "{{Marker}}" },
                "c": "{{Marker}}", "d": ["{{Marker}}"],
                "e": { "host": "h", "user": "u", "password": ["{{Marker}}"] }
              },
              "users": {
                "a": { "password": "{{Marker}}", "verifier": "{{Marker}}" },
                "b": { "password": { "x": "{{Marker}}" } },
                "c": "{{Marker}}"
              },
              "listen": "postgres://u:{{Marker}}@h", "http": "password={{Marker}}"
            }
            """,
            environment: new() { ["FRESHET__PASSWORD"] = Marker, ["FRESHET__USERS__E"] = Marker }
        );

        Assert.True(loaded.Errors.Length > 12, loaded.ErrorText);
        Assert.DoesNotContain(Marker, loaded.ErrorText, StringComparison.OrdinalIgnoreCase);
    }

    private const string Salt = "c2FsdHNhbHRzYWx0c2FsdA==";
    private const string Key = "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=";
}
