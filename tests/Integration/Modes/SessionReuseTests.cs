using System.Globalization;
using Freshet.Server.Proxy.Settings;
using Freshet.Tests.Integration.Hardening;
using Freshet.Tests.Integration.Servers;
using Freshet.Tests.Integration.Wire;
using Xunit;

namespace Freshet.Tests.Integration.Modes;

/// <summary>Session mode with one server connection: the next client finds it as new.</summary>
/// <param name="servers">The shared servers.</param>
public sealed class SessionReuseTests(TestServers servers)
{
    /// <summary>What a client leaves behind, and the question that would find it.</summary>
    public static TheoryData<string, string> Traces => new()
    {
        { "set my.secret = 'x'", "select coalesce(current_setting('my.secret', true), '')" },
        { "set work_mem = '1MB'", "show work_mem" },
        { "set application_name = 'left'", "show application_name" },
        { "create temp table left_behind(n int)", "select count(*) from pg_class where relname = 'left_behind'" },
        { "prepare left_behind as select 1", "select count(*) from pg_prepared_statements" },
        { "listen left_behind", "select count(*) from pg_listening_channels()" },
        { "select pg_advisory_lock(31)", "select count(*) from pg_locks where locktype = 'advisory'" },
        { "set role app", "select current_user" },
        { "set session authorization app", "select session_user" },
        { "declare c cursor with hold for select 1", "select count(*) from pg_cursors" },
        { "set search_path = pg_catalog", "show search_path" },
        { "set session characteristics as transaction read only", "show default_transaction_read_only" },
        { "begin; create table never(n int)", "select count(*) from pg_class where relname = 'never'" },
    };

    [Theory, MemberData(nameof(Traces))]
    public async Task Nothing_of_the_last_client_is_left(string trace, string question)
    {
        using var fresh = WireClient.Connect(servers.Postgres.Host, servers.Postgres.Port).Login("wire", "wire");
        var expected = Ask(fresh, question);
        await using var proxy = await StartAsync();
        using (var client = proxy.Login("first"))
        {
            client.Query(trace);
            Assert.DoesNotContain(client.Received, message => message.Type is 'E');
            client.Send(Frontend.Terminate());
        }

        using var next = proxy.Login("next");
        Assert.Equal(expected, Ask(next, question));
    }

    [Fact]
    public async Task The_random_numbers_of_the_next_client_cannot_be_foretold()
    {
        using var fresh = WireClient.Connect(servers.Postgres.Host, servers.Postgres.Port).Login("wire", "wire");
        fresh.Query("select setseed(0.5)");
        var foretold = fresh.Query("select random()");
        await using var proxy = await StartAsync();
        using (var client = proxy.Login("first"))
        {
            client.Query("select setseed(0.5)");
            client.Send(Frontend.Terminate());
        }

        using var next = proxy.Login("next");
        Assert.NotEqual(foretold, next.Query("select random()"));
    }

    [Fact]
    public async Task The_connection_is_used_again_for_the_same_startup_parameters_only()
    {
        await using var proxy = await StartAsync();
        var first = Visit(proxy, ("work_mem", "2MB"));
        Assert.Equal(first, Visit(proxy, ("work_mem", "2MB")));
        var other = Visit(proxy, ("options", "-c work_mem=3MB"));
        Assert.NotEqual(first, other);
        using var client = proxy.Login("last", ("options", "-c work_mem=3MB"));
        client.Query("set work_mem = '9MB'");
        client.Query("reset work_mem");
        Assert.Equal("3MB", client.Query("show work_mem"));
        client.Query("set work_mem = '9MB'");
        client.Query("discard all");
        Assert.Equal("3MB", client.Query("show work_mem"));
        client.Query("reset all");
        Assert.Equal("3MB", client.Query("show work_mem"));
    }

    [Fact]
    public async Task A_prepared_statement_of_the_last_client_is_gone_and_its_name_free()
    {
        await using var proxy = await StartAsync();
        using (var client = proxy.Login("first"))
        {
            client.Batch(Frontend.Parse("p", "select 1"));
            client.Send(Frontend.Terminate());
        }

        using var next = proxy.Login("next");
        next.Batch(Frontend.Bind("", "p"), Frontend.Execute());
        Assert.Equal("26000", next.Received.Last(message => message.Type is 'E').Field('C'));
        next.Batch(Frontend.Parse("p", "select 2"), Frontend.Bind("", "p"), Frontend.Execute());
        Assert.Equal("2", next.Received.Last(message => message.Type is 'D').Row()[0]);
    }

    private static string? Ask(WireClient client, string question)
    {
        var answer = client.Query(question);
        Assert.DoesNotContain(client.Received, message => message.Type is 'E');
        return answer;
    }

    /// <summary>Logs in, checks that the process number told is the server's, and leaves; gives the number.</summary>
    private static string Visit(GuardedProxy proxy, (string Name, string Value) parameter)
    {
        using var client = proxy.Login("visitor", parameter);
        var process = client.ProcessId.ToString(CultureInfo.InvariantCulture);
        Assert.Equal(process, client.Query("select pg_backend_pid()"));
        Assert.EndsWith(client.Query("show work_mem"), parameter.Value, StringComparison.Ordinal);
        client.Send(Frontend.Terminate());
        return process;
    }

    private Task<GuardedProxy> StartAsync() =>
        GuardedProxy.StartAloneAsync(new ProxyOptions(servers.Wire) { Mode = PoolMode.Session, PoolSize = 1 });
}
