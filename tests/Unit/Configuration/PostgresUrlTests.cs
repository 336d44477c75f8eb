using Freshet.Server.Configuration;
using Freshet.Server.Proxy.Settings;
using FsCheck;
using FsCheck.Fluent;
using Xunit;

namespace Freshet.Tests.Unit.Configuration;

public sealed class PostgresUrlTests
{
    [Theory]
    [InlineData("postgres://", null, 5432, null, null, null)]
    [InlineData("postgresql://host", "host", 5432, null, null, null)]
    [InlineData("postgres://u:p@host:6000/db", "host", 6000, "u", "p", "db")]
    [InlineData("postgres://u@host/db", "host", 5432, "u", null, "db")]
    [InlineData("postgres://u:@host/", "host", 5432, "u", null, null)]
    [InlineData("postgres://u:p%40%2F%3A%25@h/d%20b", "h", 5432, "u", "p@/:%", "d b")]
    [InlineData("postgres://u:p:q@h", "h", 5432, "u", "p:q", null)]
    [InlineData("postgres://%C3%BC:%C3%9F@h", "h", 5432, "ü", "ß", null)]
    [InlineData("postgres://[::1]:99/db", "::1", 99, null, null, "db")]
    [InlineData("postgres://[::1]/db", "::1", 5432, null, null, "db")]
    [InlineData("postgres://h:/db", "h", 5432, null, null, "db")]
    [InlineData("postgres://%2Ftmp/db", "/tmp", 5432, null, null, "db")]
    [InlineData("postgres:///db?host=/var/run&port=7", "/var/run", 7, null, null, "db")]
    [InlineData("postgres://a/b?host=h&dbname=d&user=u&password=p", "h", 5432, "u", "p", "d")]
    [InlineData("postgres://h?dbname=x%26y", "h", 5432, null, null, "x&y")]
    [InlineData("postgres://h/db?", "h", 5432, null, null, "db")]
    public void A_url_is_read_as_libpq_reads_it(
        string text,
        string? host,
        int port,
        string? user,
        string? password,
        string? database
    )
    {
        Assert.True(PostgresUrl.TryParse(text, out var url, out var errors), string.Join(';', errors));
        Assert.Equal(
            (host, port, user, password, database),
            (url.Host, url.Port, url.User, url.Password, url.Database)
        );
    }

    [Fact]
    public void Several_parameters_are_honoured_together()
    {
        const string Text =
            "postgres://h/d?sslmode=verify-full&sslrootcert=/ca%20x&sslcert=c&sslkey=k&connect_timeout=7";

        Assert.True(PostgresUrl.TryParse(Text, out var url, out _));

        Assert.Equal(TlsMode.VerifyFull, url.SslMode);
        Assert.Equal(("/ca x", "c", "k"), (url.SslRootCertificate, url.SslCertificate, url.SslKey));
        Assert.Equal(TimeSpan.FromSeconds(7), url.ConnectTimeout);
    }

    [Theory]
    [InlineData("mysql://u:hunter2@h", "must start with postgres://")]
    [InlineData("host=h password=hunter2", "must start with postgres://")]
    [InlineData("postgres://u:hunter2@h1,h2/db", "several hosts")]
    [InlineData("postgres://u:hunter2@/db?host=a,b", "several hosts")]
    [InlineData("postgres://u:hunter2@h:0/db", "bad port")]
    [InlineData("postgres://u:hunter2@h:65536/db", "bad port")]
    [InlineData("postgres://u:hunter2/x@h/db", "bad port")]
    [InlineData("postgres://u:pa@hunter2@h/db", "more than one @")]
    [InlineData("postgres://u:hunter2%4@h", "bad percent escape in its password")]
    [InlineData("postgres://u:hunter2%zz@h", "bad percent escape in its password")]
    [InlineData("postgres://u:hunter2%00@h", "bad percent escape in its password")]
    [InlineData("postgres://u:hunter2@[::1/db", "malformed IPv6")]
    [InlineData("postgres://u:hunter2@[]/db", "malformed IPv6")]
    [InlineData("postgres://u:hunter2@h?sslmod=require", "did you mean sslmode?")]
    [InlineData("postgres://u:hunter2@h?sslmode=on", "sslmode=\"on\"; allowed are disable, allow")]
    [InlineData("postgres://u:hunter2@h?connect_timeout=-1", "connect_timeout=\"-1\"")]
    [InlineData("postgres://u:hunter2@h?application_name=x", "which every client sets for itself")]
    [InlineData("postgres://u:hunter2@h?sslmode", "without a value")]
    [InlineData("postgres://h/d?x&y=Hunter2!hunter2", "without a value")]
    public void A_bad_url_is_refused_without_its_password(string text, string expected)
    {
        Assert.False(PostgresUrl.TryParse(text, out _, out var errors));
        Assert.Contains(errors, error => error.Contains(expected, StringComparison.Ordinal));
        Assert.DoesNotContain("hunter2", string.Join('\n', errors), StringComparison.OrdinalIgnoreCase);
        Assert.DoesNotContain("hunter2", SafeText.MaskConnectionString(text), StringComparison.OrdinalIgnoreCase);
    }

    [Fact]
    public void Any_user_password_and_database_come_back_from_their_escaped_form()
    {
        Prop.ForAll<NonEmptyString, NonEmptyString, NonEmptyString>(
                (user, password, database) =>
                {
                    string[] parts = [user.Get, password.Get, database.Get];
                    if (parts.Any(part => part.Contains('\0', StringComparison.Ordinal) || HasLoneSurrogate(part)))
                        return true;
                    var escaped = parts.Select(Uri.EscapeDataString).ToArray();
                    var text = $"postgres://{escaped[0]}:{escaped[1]}@h/{escaped[2]}";
                    return PostgresUrl.TryParse(text, out var url, out _)
                        && parts.SequenceEqual([url.User!, url.Password!, url.Database!], StringComparer.Ordinal);
                }
            )
            .QuickCheckThrowOnFailure();
    }

    [Fact]
    public void The_printed_form_masks_the_password_and_nothing_else()
    {
        Assert.True(PostgresUrl.TryParse("postgres://u:hunter2@[::1]:99/d?sslmode=disable", out var url, out _));
        Assert.Equal("postgres://u:***@[::1]:99/d", url.ToString());
    }

    private static bool HasLoneSurrogate(string text) => text.EnumerateRunes().Any(rune => rune.Value == 0xFFFD);
}
