using Freshet.Tests.Integration.Servers;
using Freshet.Tests.Integration.Wire;
using Xunit;
using static Freshet.Tests.Integration.Wire.Frontend;

namespace Freshet.Tests.Integration.Protocol;

/// <summary>Simple queries, function calls, notices and status messages, compared with the server itself.</summary>
/// <param name="servers">The shared servers.</param>
public sealed class SimpleQueryTests(TestServers servers)
{
    private const int Int4Plus = 177;
    private const int Int4Divide = 154;

    private readonly WireComparison _wire = new(servers);

    public static TheoryData<Route> Routes => [Route.Session, Route.Transaction, Route.SingleServer, Route.Cached];

    [Theory, MemberData(nameof(Routes))]
    public Task Several_statements_in_one_query_are_one_transaction(Route route) =>
        _wire.CompareAsync(
            route,
            client =>
            {
                client.Query("create table multi(n int)");
                client.Query("insert into multi values (1); insert into multi values (2); select 1/0; select 5");
                client.Query("select count(*) from multi");
                client.Query("insert into multi values (1); commit; insert into multi values (2); select 1/0");
                client.Query("select count(*) from multi");
                client.Query("begin; insert into multi values (3)");
                client.Query("select count(*) from multi; rollback; select count(*) from multi");
                client.Query("select count(*) from multi; begin; select 1");
                client.Query("rollback");
                client.Query("drop table multi");
            }
        );

    [Theory, MemberData(nameof(Routes))]
    public Task A_failed_transaction_stays_failed_until_it_ends(Route route) =>
        _wire.CompareAsync(
            route,
            client =>
            {
                client.Query("begin");
                client.Query("savepoint a");
                client.Query("select nonsense");
                client.Query("select 1");
                client.Batch(Parse("", "select 1"), Bind("", ""), Execute());
                client.Query("rollback to a");
                client.Query("select 2");
                client.Query("select 1/0");
                client.Query("commit");
                client.Query("commit and chain");
                client.Query("begin; select 1/0");
                client.Query("rollback and chain");
                client.Query("select 3");
                client.Query("rollback");
            }
        );

    [Theory, MemberData(nameof(Routes))]
    public Task Pipelined_simple_queries_are_answered_in_turn(Route route) =>
        _wire.CompareAsync(
            route,
            client =>
            {
                client.Send(
                    Query("begin"), Query("select 1"), Query("select 1/0"), Query("select 2"), Query("rollback"),
                    Query("select 3"), Query(""), Query("select 4; select 5"));
                client.ReadUntilReady(8);
            }
        );

    [Theory, MemberData(nameof(Routes))]
    public Task What_was_asked_before_Terminate_is_answered_before_the_end(Route route) =>
        _wire.CompareAsync(
            route,
            client =>
            {
                client.Send(
                    Query("select 1"), Parse("", "select pg_sleep(0.05)"), Bind("", ""), Execute(), Sync(),
                    Query("select repeat('x', 1000000)"), Parse("", "select 2"), Bind("", ""), Terminate());
                client.ReadUntilClosed();
            }
        );

    [Theory, MemberData(nameof(Routes))]
    public Task A_function_call_is_answered(Route route) =>
        _wire.CompareAsync(
            route,
            client =>
            {
                client.Send(FunctionCall(Int4Plus, "40", "2"));
                client.ReadUntilReady();
                client.Send(FunctionCall(Int4Divide, "1", "0"));
                client.ReadUntilReady();
                client.Query("begin");
                client.Send(FunctionCall(Int4Plus, "1", null), FunctionCall(0), Query("rollback"));
                client.ReadUntilReady(3);
            }
        );

    [Theory, MemberData(nameof(Routes))]
    public Task Notices_come_where_the_server_puts_them(Route route) =>
        _wire.CompareAsync(
            route,
            client =>
            {
                client.Query("drop table if exists nobody; do $$ begin raise notice '1'; raise warning '2'; end $$");
                client.Query("commit");
                client.Batch(
                    Parse("", "do $$ begin for i in 1..50 loop raise notice 'n %', i; end loop; end $$"),
                    Bind("", ""), Execute());
                client.Query("do $$ begin raise 'x' using detail = 'd', hint = 'h', errcode = 'P0099'; end $$");
            }
        );

    [Theory, MemberData(nameof(Routes))]
    public Task Parameter_status_comes_at_odd_places(Route route) =>
        _wire.CompareAsync(
            route,
            client =>
            {
                client.Query("select set_config('TimeZone', 'Asia/Tokyo', false); select 1; set DateStyle = 'German'");
                client.Query("begin; set local TimeZone = 'Europe/Paris'; select now() is null");
                client.Query("rollback");
                client.Batch(Parse("", "set client_encoding = 'LATIN1'"), Bind("", ""), Execute());
                client.Batch(Parse("", "select 1/0"), Bind("", ""), Execute());
                client.Query("reset all");
                client.Query("show TimeZone; show DateStyle; show client_encoding");
            }
        );

    [Theory, MemberData(nameof(Routes))]
    public Task A_row_of_ten_megabytes_and_a_statement_as_long_pass(Route route) =>
        _wire.CompareAsync(
            route,
            client =>
            {
                client.Send(Query($"select length('{new string('x', 10_000_000)}')"));
                client.ReadUntilReady();
                client.Send(Query("select repeat('y', 10_000_000)".Replace("_", "", StringComparison.Ordinal)));
                client.ReadUntilReady();
                client.Batch(Parse("", $"select length('{new string('z', 1_000_000)}')"), Bind("", ""), Execute());
                client.Batch(Parse("", "select length($1)"), Bind("", "", new string('v', 5_000_000)), Execute());
            }
        );

    [Theory, MemberData(nameof(Routes)), InlineData(Route.Direct)]
    public Task An_unknown_message_type_ends_the_connection(Route route) =>
        _wire.RunAsync(
            route,
            scene =>
            {
                using var client = scene.Login();
                client.Query("select 1");
                client.Send(new MessageWriter('y').Int32(0).ToArray());
                Assert.Equal("08P01", client.ReadUntilClosed()?.Field('C'));
            }
        );
}
