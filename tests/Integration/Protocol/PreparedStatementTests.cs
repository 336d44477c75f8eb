using Freshet.Tests.Integration.Servers;
using Freshet.Tests.Integration.Wire;
using Xunit;
using static Freshet.Tests.Integration.Wire.Frontend;

namespace Freshet.Tests.Integration.Protocol;

/// <summary>Prepared statements that clients share without knowing it, compared with the server itself.</summary>
/// <param name="servers">The shared servers.</param>
public sealed class PreparedStatementTests(TestServers servers)
{
    private readonly WireComparison _wire = new(servers);

    public static TheoryData<Route> Routes => [Route.Session, Route.Transaction, Route.SingleServer, Route.Cached];

    public static TheoryData<Route> SharedRoutes =>
        [Route.Transaction, Route.TwoServers, Route.SingleServer, Route.Cached];

    [Theory, MemberData(nameof(SharedRoutes))]
    public Task One_name_means_another_statement_to_every_client(Route route) =>
        _wire.CompareAsync(
            route,
            scene =>
            {
                using var one = scene.Login("one");
                using var two = scene.Login("two");
                one.Batch(Parse("s", "select 'one', $1::text"));
                two.Batch(Parse("s", "select 'two', $1::text"));
                one.Batch(Bind("", "s", "a"), Execute());
                two.Batch(Bind("", "s", "b"), Execute());
                two.Batch(CloseStatement("s"));
                one.Batch(Bind("", "s", "c"), DescribePortal(""), Execute());
                two.Batch(Bind("", "s", "d"), Execute());
            }
        );

    [Theory, MemberData(nameof(SharedRoutes))]
    public Task A_statement_shared_by_two_clients_outlives_the_first(Route route) =>
        _wire.CompareAsync(
            route,
            scene =>
            {
                using var stays = scene.Login("stays");
                using (var goes = scene.Login("goes"))
                {
                    goes.Batch(Parse("x", "select 7 + $1::int"), Bind("", "x", "1"), Execute());
                    stays.Batch(Parse("y", "select 7 + $1::int"), DescribeStatement("y"));
                    goes.Batch(CloseStatement("x"));
                    goes.Send(Terminate());
                }

                stays.Batch(Bind("", "y", "2"), Execute());
            }
        );

    [Fact]
    public Task A_statement_follows_its_client_to_another_server_connection() =>
        _wire.RunAsync(
            Route.TwoServers,
            scene =>
            {
                using var client = scene.Login("client");
                using var holder = scene.Login("holder");
                using var second = scene.Login("second");
                client.Batch(Parse("s", "select pg_backend_pid(), $1::text"));
                var before = Use(client, "before");
                holder.Query("begin");
                if (!string.Equals(holder.Query("select pg_backend_pid()"), before, StringComparison.Ordinal))
                {
                    // The holder got the other one: the second client takes the client's, and the holder lets go.
                    second.Query("begin");
                    Assert.Equal(before, second.Query("select pg_backend_pid()"));
                    holder.Query("rollback");
                }

                var after = Use(client, "after");
                holder.Query("rollback");
                second.Query("rollback");

                Assert.NotEqual(before, after, StringComparer.Ordinal);
                Assert.DoesNotContain(client.Received, message => message.Type is 'E');
            }
        );

    [Theory, MemberData(nameof(Routes))]
    public Task Discard_all_forgets_the_statements(Route route) => Forgets(route, "discard all");

    [Theory, MemberData(nameof(Routes))]
    public Task Deallocate_all_forgets_the_statements(Route route) => Forgets(route, "deallocate all");

    [Theory, MemberData(nameof(Routes))]
    public Task Deallocate_by_name_forgets_a_protocol_level_statement(Route route) =>
        _wire.CompareAsync(
            route,
            client =>
            {
                client.Batch(Parse("pdo_stmt_00000001", "select 1"), Bind("", "pdo_stmt_00000001"), Execute());
                client.Query("DEALLOCATE pdo_stmt_00000001");
                client.Batch(Bind("", "pdo_stmt_00000001"), Execute());
                client.Query("DEALLOCATE pdo_stmt_00000001");
                client.Batch(Parse("pdo_stmt_00000001", "select 2"), Bind("", "pdo_stmt_00000001"), Execute());
                client.Batch(Parse("Mixed Case", "select 3"));
                client.Query("deallocate prepare \"Mixed Case\"");
                client.Batch(Bind("", "Mixed Case"), Execute());
            }
        );

    [Theory, MemberData(nameof(Routes))]
    public Task Reset_all_keeps_the_statements(Route route) =>
        _wire.CompareAsync(
            route,
            client =>
            {
                client.Batch(Parse("s", "select 1"));
                client.Query("reset all");
                client.Batch(Bind("", "s"), Execute());
            }
        );

    [Theory, MemberData(nameof(SharedRoutes))]
    public Task Statements_prepared_in_SQL_belong_to_their_client(Route route) =>
        _wire.CompareAsync(
            route,
            scene =>
            {
                using var one = scene.Login("one");
                using var two = scene.Login("two");
                one.Query("prepare q(int) as select 'one', $1 + 1");
                two.Query("execute q(1)");
                two.Query("prepare q(text) as select 'two', $1");
                one.Query("execute q(41)");
                two.Query("execute q('x')");
                one.Query("prepare q as select 'again'");
                one.Query("deallocate q");
                one.Query("execute q(1)");
                two.Query("execute q('y')");
                two.Query("deallocate all");
                two.Query("execute q('z')");
            }
        );

    [Theory, MemberData(nameof(Routes))]
    public Task A_statement_prepared_in_SQL_can_be_bound_by_the_protocol(Route route) =>
        _wire.CompareAsync(
            route,
            client =>
            {
                client.Query("prepare q(int) as select $1 * 2");
                client.Batch(Bind("", "q", "21"), Execute());
                client.Batch(Parse("p", "select $1::int * 3"));
                client.Query("execute p(5)");
                client.Batch(CloseStatement("q"), CloseStatement("p"));
                client.Query("execute p(5)");
                client.Query("execute q(5)");
            }
        );

    [Theory, MemberData(nameof(Routes))]
    public Task A_changed_result_type_is_reported_and_a_new_parse_heals_it(Route route) =>
        _wire.CompareAsync(
            route,
            client =>
            {
                client.Query("create table shaped(a int)");
                client.Query("insert into shaped values (1)");
                client.Batch(Parse("s", "select * from shaped"), DescribeStatement("s"));
                client.Batch(Bind("", "s"), Execute());
                client.Query("alter table shaped add b text");
                client.Batch(DescribeStatement("s"));
                client.Batch(Bind("", "s"), Execute());
                client.Batch(Parse("t", "select * from shaped"), Bind("", "t"), DescribePortal(""), Execute());
                client.Batch(CloseStatement("s"), Parse("s", "select * from shaped"), Bind("", "s"), Execute());
                client.Query("drop table shaped");
                client.Batch(Bind("", "t"), Execute());
                client.Batch(CloseStatement("s"), CloseStatement("t"));
            }
        );

    [Theory, MemberData(nameof(SharedRoutes))]
    public Task A_statement_means_what_its_search_path_says(Route route) =>
        _wire.CompareAsync(
            route,
            scene =>
            {
                using var one = scene.Login("one");
                using var two = scene.Login("two");
                one.Query("create schema s1 create table t(a text); create schema s2 create table t(a text)");
                one.Query("insert into s1.t values ('one'); insert into s2.t values ('two')");
                one.Query("set search_path = s1");
                two.Query("set search_path = s2");
                one.Batch(Parse("s", "select a from t"));
                two.Batch(Parse("s", "select a from t"));
                one.Batch(Bind("", "s"), Execute());
                two.Batch(Bind("", "s"), Execute());
                one.Batch(Bind("", "s"), Execute());
                one.Batch(CloseStatement("s"));
                two.Batch(CloseStatement("s"));
                one.Query("reset search_path; drop schema s1, s2 cascade");
            }
        );

    [Theory, MemberData(nameof(Routes))]
    public Task More_statements_than_a_server_connection_keeps(Route route) =>
        _wire.CompareAsync(
            route,
            client =>
            {
                client.Send([.. Enumerable.Range(0, 300).Select(n => Parse($"s{n}", $"select {n}, $1::int")), Sync()]);
                client.ReadUntilReady();
                client.Send([.. Enumerable.Range(0, 300).SelectMany(n => Use(n)), Sync()]);
                client.ReadUntilReady();
                client.Send([.. Enumerable.Range(0, 300).Reverse().SelectMany(n => Use(n).Append(Sync()))]);
                client.ReadUntilReady(300);

                static byte[][] Use(int n) => [Bind("", $"s{n}", $"{n}"), Execute()];
            }
        );

    /// <summary>Runs statement s; gives the server process that ran it.</summary>
    private static string? Use(WireClient client, string value)
    {
        client.Batch(Bind("", "s", value), DescribePortal(""), Execute());
        var row = client.Received.LastOrDefault(message => message.Type is 'D')?.Row();
        Assert.Equal(value, row?[1]);
        return row?[0];
    }

    private Task Forgets(Route route, string command) =>
        _wire.CompareAsync(
            route,
            client =>
            {
                client.Batch(Parse("s", "select 1"));
                client.Query("prepare q as select 2");
                client.Query(command);
                client.Batch(Bind("", "s"), Execute());
                client.Query("execute q");
                client.Batch(Parse("s", "select 3"), Bind("", "s"), Execute());
                client.Batch(CloseStatement("s"));
            }
        );
}
