using Freshet.Tests.Integration.Servers;
using Freshet.Tests.Integration.Wire;
using Xunit;
using static Freshet.Tests.Integration.Wire.Frontend;

namespace Freshet.Tests.Integration.Protocol;

/// <summary>COPY in both directions, compared with the server itself.</summary>
/// <param name="servers">The shared servers.</param>
public sealed class CopyTests(TestServers servers)
{
    private readonly WireComparison _wire = new(servers);

    public static TheoryData<Route> Routes => [Route.Session, Route.Transaction, Route.SingleServer, Route.Cached];

    [Theory, MemberData(nameof(Routes))]
    public Task Copy_in_by_a_simple_query(Route route) =>
        WithTable(
            route,
            client =>
            {
                client.Send(Query("copy copied from stdin"));
                client.ReadUntil('G');
                client.Send(CopyData("1\tone\n2\ttw"), CopyData("o\n3\tthree\n"), CopyDone());
                client.ReadUntilReady();
            }
        );

    [Theory, MemberData(nameof(Routes))]
    public Task Copy_in_without_waiting_for_the_answer(Route route) =>
        WithTable(
            route,
            client =>
            {
                client.Send(
                    Query("copy copied from stdin"), CopyData("1\tone\n"), CopyDone(),
                    Query("select 'after'"), Query("copy copied from stdin"), CopyFail("no"), Query("select 'end'"));
                client.ReadUntilReady(4);
            }
        );

    [Theory, MemberData(nameof(Routes))]
    public Task Copy_in_that_the_client_fails(Route route) =>
        WithTable(
            route,
            client =>
            {
                client.Send(Query("copy copied from stdin"));
                client.ReadUntil('G');
                client.Send(CopyData("1\tone\n"), CopyFail("changed my mind"));
                client.ReadUntilReady();
            }
        );

    [Theory, MemberData(nameof(Routes))]
    public Task Copy_in_that_the_server_fails_while_data_still_comes(Route route) =>
        WithTable(
            route,
            client =>
            {
                client.Send(Query("copy copied from stdin"));
                client.ReadUntil('G');
                client.Send([.. Enumerable.Repeat(CopyData("no number\tx\n"), 2000), CopyDone(), Query("select 1")]);
                client.ReadUntilReady(2);
            }
        );

    [Theory, MemberData(nameof(Routes))]
    public Task Sync_during_copy_in_is_ignored(Route route) =>
        WithTable(
            route,
            client =>
            {
                client.Send(Parse("", "copy copied from stdin"), Bind("", ""), Execute(), Sync());
                client.ReadUntil('G');
                client.Send(Sync(), Flush(), CopyData("1\tone\n"), Sync(), CopyDone(), Sync());
                client.ReadUntilReady();
                client.Query("select 'exactly one answer before this'");
            }
        );

    [Theory, MemberData(nameof(Routes))]
    public Task Copy_in_that_fails_in_a_batch_skips_to_sync(Route route) =>
        WithTable(
            route,
            client =>
            {
                client.Send(Parse("", "copy copied from stdin"), Bind("", ""), Execute());
                client.Send(Flush());
                client.ReadUntil('G');
                client.Send(CopyFail("no"), Parse("", "select 1"), Bind("", ""), Execute(), Sync());
                client.ReadUntilReady();
                client.Send(Parse("", "copy copied from stdin"), Bind("", ""), Execute(), Flush());
                client.ReadUntil('G');
                client.Send(CopyData("bad\n"), CopyDone(), Parse("", "select 1"), Bind("", ""), Execute(), Sync());
                client.ReadUntilReady();
            }
        );

    [Theory, MemberData(nameof(Routes))]
    public Task Copy_out_by_both_protocols(Route route) =>
        WithTable(
            route,
            client =>
            {
                client.Query("insert into copied select n, 'row ' || n from generate_series(1, 1000) n");
                client.Query("copy copied to stdout");
                client.Query("copy copied to stdout with (format csv, header); select 'after'");
                client.Batch(Parse("s", "copy copied to stdout"), Bind("", "s"), DescribePortal(""), Execute());
                client.Batch(CloseStatement("s"));
                client.Query("copy (select 1 / (n - 500) from copied) to stdout");
            }
        );

    [Theory, MemberData(nameof(Routes))]
    public Task Copy_in_among_other_statements_of_one_query(Route route) =>
        WithTable(
            route,
            client =>
            {
                client.Send(Query("select 1; copy copied from stdin; select count(*) from copied; select 1/0"));
                client.ReadUntil('G');
                client.Send(CopyData("1\tone\n"), CopyDone());
                client.ReadUntilReady();
                client.Query("begin");
                client.Send(Query("copy copied from stdin; copy copied from stdin"));
                client.ReadUntil('G');
                client.Send(CopyData("1\tone\n"), CopyDone());
                client.ReadUntil('G');
                client.Send(CopyData("2\ttwo\n"), CopyDone());
                client.ReadUntilReady();
                client.Query("commit");
            }
        );

    [Theory, MemberData(nameof(Routes))]
    public Task A_client_that_vanishes_in_copy_in_leaves_nothing(Route route) =>
        _wire.CompareAsync(
            route,
            scene =>
            {
                using var watcher = scene.Login("watcher");
                watcher.Query("create table vanished(n int)");
                using (var client = scene.Login("vanishing"))
                {
                    client.Send(Query("copy vanished from stdin"));
                    client.ReadUntil('G');
                    client.Send(CopyData("1\n2\n"));
                    client.Abort();
                }

                // Waits for the lock that the COPY held.
                watcher.Query("begin; lock table vanished; select count(*) from vanished; drop table vanished; commit");
            }
        );

    private Task WithTable(Route route, Action<WireClient> scenario) =>
        _wire.CompareAsync(
            route,
            client =>
            {
                client.Query("create table copied(n int, t text)");
                scenario(client);
                client.Query("select n, t from copied order by n limit 5");
                client.Query("drop table copied");
            }
        );
}
