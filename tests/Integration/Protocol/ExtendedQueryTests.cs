using Freshet.Tests.Integration.Servers;
using Freshet.Tests.Integration.Wire;
using Xunit;
using static Freshet.Tests.Integration.Wire.Frontend;

namespace Freshet.Tests.Integration.Protocol;

/// <summary>The extended query protocol, one client, compared with the server itself.</summary>
/// <param name="servers">The shared servers.</param>
public sealed class ExtendedQueryTests(TestServers servers)
{
    private readonly WireComparison _wire = new(servers);

    public static TheoryData<Route> Routes => [Route.Session, Route.Transaction, Route.SingleServer, Route.Cached];

    [Theory, MemberData(nameof(Routes))]
    public Task Several_pipelined_syncs_are_answered_one_by_one(Route route) =>
        _wire.CompareAsync(
            route,
            client =>
            {
                client.Send(
                    Parse("", "select 1"), Bind("", ""), Execute(), Sync(),
                    Parse("", "select 2"), Bind("", ""), DescribePortal(""), Execute(), Sync(),
                    Sync(), Sync(),
                    Parse("", "select 3"), Bind("", ""), Execute(), Sync()
                );
                client.ReadUntilReady(5);
            }
        );

    [Theory, MemberData(nameof(Routes))]
    public Task A_thousand_pipelined_syncs_each_get_their_answer(Route route) =>
        _wire.CompareAsync(
            route,
            client =>
            {
                client.Send(Parse("s", "select $1::int"), Sync());
                client.Send([.. Enumerable.Range(0, 1000).SelectMany(Batch)]);
                client.ReadUntilReady(1001);

                static byte[][] Batch(int number) => [Bind("", "s", $"{number}"), Execute(), Sync()];
            }
        );

    [Theory, MemberData(nameof(Routes))]
    public Task After_an_error_everything_up_to_sync_is_skipped(Route route) =>
        _wire.CompareAsync(
            route,
            client =>
            {
                client.Batch(
                    Parse("", "select 1/0"), Bind("", ""), Execute(),
                    Parse("", "select 2"), Bind("", ""), Execute(), Query("select 3"), Flush(), CloseStatement("x")
                );
                client.Batch(Parse("", "select 4"), Bind("", ""), Execute());
            }
        );

    [Theory, MemberData(nameof(Routes))]
    public Task A_statement_parsed_before_the_error_stays_and_one_after_it_never_was(Route route) =>
        _wire.CompareAsync(
            route,
            client =>
            {
                client.Batch(
                    Parse("before", "select 'before'"), Parse("bad", "select nonsense("), Parse("after", "select 1"));
                client.Batch(Bind("", "before"), DescribePortal(""), Execute());
                client.Batch(Bind("", "after"), Execute());
                client.Batch(Bind("", "bad"), Execute());
                client.Batch(Parse("after", "select 'after'"), Bind("", "after"), Execute());
                client.Batch(Parse("bad", "select 'good'"), Bind("", "bad"), Execute());
            }
        );

    [Theory, MemberData(nameof(Routes))]
    public Task A_known_statement_whose_use_follows_an_error_is_still_known(Route route) =>
        _wire.CompareAsync(
            route,
            client =>
            {
                client.Batch(Parse("s", "select $1::text"));
                client.Batch(
                    Bind("", "s", "one"), Execute(), Parse("", "select 1/0"), Bind("", ""), Execute(),
                    Bind("", "s", "two"), Execute());
                client.Batch(Bind("", "s", "three"), Execute());
                client.Batch(DescribeStatement("s"));
            }
        );

    [Theory, MemberData(nameof(Routes))]
    public Task Flush_without_sync_brings_the_answers(Route route) =>
        _wire.CompareAsync(
            route,
            client =>
            {
                client.Send(Parse("s", "select $1::int + 1"), DescribeStatement("s"), Flush());
                client.ReadUntil('T');
                client.Send(Bind("", "s", "41"), Execute(), Flush());
                client.ReadUntil('C');
                client.Send(CloseStatement("s"), Flush());
                client.ReadUntil('3');
                client.Batch();
            }
        );

    [Theory, MemberData(nameof(Routes))]
    public Task A_portal_is_suspended_and_resumed(Route route) =>
        _wire.CompareAsync(
            route,
            client =>
            {
                client.Send(Parse("", "select generate_series(1, 7)"), Bind("p", ""), Execute("p", 3), Flush());
                client.ReadUntil('s');
                client.Send(Execute("p", 3), Flush());
                client.ReadUntil('s');
                client.Batch(Execute("p", 3));
            }
        );

    [Theory, MemberData(nameof(Routes))]
    public Task A_named_portal_lives_in_its_transaction_and_no_longer(Route route) =>
        _wire.CompareAsync(
            route,
            client =>
            {
                client.Batch(Parse("", "begin"), Bind("", ""), Execute());
                client.Batch(Parse("s", "select n from generate_series(1, 9) n"), Bind("p", "s"), Execute("p", 2));
                client.Batch(DescribePortal("p"), Execute("p", 2));
                client.Query("select 'between'");
                client.Batch(Execute("p", 2), ClosePortal("p"));
                client.Batch(Bind("q", "s"), Execute("q", 1));
                client.Query("commit");
                client.Batch(Execute("q", 1));
                client.Batch(Bind("r", "s"), Execute("r", 1));
                client.Batch(Execute("r", 1));
            }
        );

    [Theory, MemberData(nameof(Routes))]
    public Task A_simple_query_in_the_middle_of_a_batch_is_answered_in_its_place(Route route) =>
        _wire.CompareAsync(
            route,
            client =>
            {
                client.Send(
                    Parse("", "select 1"), Bind("", ""), Execute(), Query("select 2"),
                    Parse("", "select 3"), Bind("", ""), Execute(), Sync());
                client.ReadUntilReady(2);
            }
        );

    [Theory, MemberData(nameof(Routes))]
    public Task Describe_tells_parameters_and_columns(Route route) =>
        _wire.CompareAsync(
            route,
            client =>
            {
                client.Batch(Parse("s", "select $1::int as a, $2::text as b", 23, 25), DescribeStatement("s"));
                client.Batch(Parse("n", "set application_name = 'x'"), DescribeStatement("n"));
                client.Batch(DescribeStatement("nobody"));
                client.Batch(DescribePortal("nobody"));
                client.Batch(Bind("", "s", null, ""), DescribePortal(""), Execute());
                client.Query("reset application_name");
            }
        );

    [Theory, MemberData(nameof(Routes))]
    public Task An_existing_name_cannot_be_parsed_again(Route route) =>
        _wire.CompareAsync(
            route,
            client =>
            {
                client.Batch(Parse("s", "select 1"));
                client.Batch(Parse("s", "select 1"));
                client.Batch(Parse("s", "select 2"), Bind("", "s"), Execute());
                client.Batch(Bind("", "s"), Execute());
                client.Batch(CloseStatement("s"), Parse("s", "select 3"), Bind("", "s"), Execute());
                client.Batch(CloseStatement("s"), CloseStatement("s"), Bind("", "s"));
            }
        );

    [Theory, MemberData(nameof(Routes))]
    public Task The_unnamed_statement_is_replaced_and_survives_its_sync(Route route) =>
        _wire.CompareAsync(
            route,
            client =>
            {
                client.Batch(Parse("", "select 1"));
                client.Batch(Bind("", ""), Execute());
                client.Batch(Parse("", "select 2"));
                client.Batch(DescribeStatement(""), Bind("", ""), Execute());
                client.Query("select 3");
                client.Batch(Bind("", ""), Execute());
            }
        );

    [Theory, MemberData(nameof(Routes))]
    public Task Same_text_under_two_names_is_two_statements(Route route) =>
        _wire.CompareAsync(
            route,
            client =>
            {
                client.Batch(Parse("a", "select $1::int"), Parse("b", "select $1::int"));
                client.Batch(Bind("", "a", "1"), Execute(), Bind("", "b", "2"), Execute());
                client.Batch(CloseStatement("a"), Bind("", "b", "3"), Execute());
                client.Batch(Bind("", "a", "4"), Execute());
            }
        );

    [Theory, MemberData(nameof(Routes))]
    public Task Parameter_types_belong_to_the_statement(Route route) =>
        _wire.CompareAsync(
            route,
            client =>
            {
                client.Batch(Parse("a", "select $1", 23), DescribeStatement("a"), Bind("", "a", "1"), Execute());
                client.Batch(Parse("b", "select $1", 25), DescribeStatement("b"), Bind("", "b", "x"), Execute());
                client.Batch(Bind("", "a", "x"), Execute());
            }
        );

    [Theory, MemberData(nameof(Routes))]
    public Task An_empty_statement_is_answered_as_such(Route route) =>
        _wire.CompareAsync(
            route,
            client =>
            {
                client.Batch(Parse("", ""), Bind("", ""), DescribePortal(""), Execute());
                client.Query("");
                client.Query(" ; ; ");
            }
        );

    [Theory, MemberData(nameof(Routes))]
    public Task Byte_by_byte_it_is_the_same(Route route) =>
        _wire.CompareAsync(
            route,
            client =>
            {
                client.PacketBytes = 1;
                client.Batch(Parse("s", "select $1::text"), DescribeStatement("s"), Bind("", "s", "hé"), Execute());
                client.Query("select 1; select 2");
            }
        );
}
