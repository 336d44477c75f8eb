using Freshet.Tests.Integration.Servers;
using Freshet.Tests.Integration.Wire;
using Xunit;
using static Freshet.Tests.Integration.Wire.Frontend;

namespace Freshet.Tests.Integration.Protocol;

/// <summary>What cannot be shared keeps its server connection, in transaction mode too, and gives it back when it is
/// over.</summary>
/// <param name="servers">The shared servers.</param>
public sealed class PinTests(TestServers servers)
{
    private readonly WireComparison _wire = new(servers);

    public static TheoryData<Route> Routes => [Route.Session, Route.Transaction, Route.TwoServers, Route.Cached];

    [Theory, MemberData(nameof(Routes))]
    public Task Notifications_reach_the_client_that_listens(Route route) =>
        _wire.CompareAsync(
            route,
            scene =>
            {
                using var listener = scene.Login("listener");
                using var other = scene.Login("other");
                listener.Query("listen news");
                other.Query("notify news, 'one'");
                listener.ReadUntil('A');
                other.Query("begin; notify news, 'two'; notify news, 'three'");
                other.Query("commit");
                listener.ReadUntil('A');
                listener.ReadUntil('A');
                listener.Query("notify news, 'self'");
                listener.Query("unlisten *");
                other.Query("notify news, 'nobody'");
                listener.Query("select 1");
            }
        );

    [Theory, MemberData(nameof(Routes))]
    public Task A_temporary_table_stays_with_its_client(Route route) =>
        _wire.CompareAsync(
            route,
            scene =>
            {
                using var one = scene.Login("one");
                using var two = scene.Login("two");
                one.Query("create temp table kept(n int)");
                two.Query("select * from kept");
                one.Query("insert into kept values (1)");
                two.Query("select 1");
                one.Batch(Parse("", "select n from kept"), Bind("", ""), Execute());
                two.Query("create temporary table kept as select 2 as n");
                one.Query("select n from kept");
                two.Query("select n from kept");
                one.Query("drop table kept");
                two.Query("select n from kept");
            }
        );

    [Theory, MemberData(nameof(Routes))]
    public Task A_temporary_table_of_the_transaction_needs_no_pin(Route route) =>
        _wire.CompareAsync(
            route,
            scene =>
            {
                using var one = scene.Login("one");
                using var two = scene.Login("two");
                using var three = scene.Login("three");
                one.Query("begin; create temp table brief(n int) on commit drop; insert into brief values (1)");
                one.Query("select n from brief");
                one.Query("commit");
                BothAtOnce(two, three);
                one.Query("select n from brief");
            }
        );

    [Theory, MemberData(nameof(Routes))]
    public Task A_session_advisory_lock_is_held_by_its_client(Route route) =>
        _wire.CompareAsync(
            route,
            scene =>
            {
                using var one = scene.Login("one");
                using var two = scene.Login("two");
                one.Query("select pg_advisory_lock(42) is null");
                two.Query("select pg_try_advisory_lock(42)");
                one.Query("select pg_try_advisory_lock(42)");
                one.Query("select pg_advisory_unlock(42)");
                two.Query("select pg_try_advisory_lock(42)");
                one.Query("select pg_advisory_unlock(42)");
                two.Query("select pg_try_advisory_lock(42)");
                two.Query("select pg_advisory_unlock(42), pg_advisory_unlock(42)");
            }
        );

    [Fact]
    public Task An_unlocked_session_gives_its_server_back() =>
        _wire.CompareAsync(
            Route.TwoServers,
            scene =>
            {
                using var one = scene.Login("one");
                using var two = scene.Login("two");
                using var three = scene.Login("three");
                one.Query("select pg_advisory_lock(7) is null, pg_advisory_lock_shared(8) is null");
                one.Query("select pg_advisory_unlock(7)");
                one.Query("select pg_advisory_unlock_shared(8)");
                BothAtOnce(two, three);
                one.Query("select pg_advisory_lock(9) is null");
                one.Query("select pg_advisory_unlock_all() is null");
                BothAtOnce(two, three);
            }
        );

    [Theory, MemberData(nameof(Routes))]
    public Task A_lock_of_a_client_that_vanished_is_free(Route route) =>
        _wire.CompareAsync(
            route,
            scene =>
            {
                using var waiting = scene.Login("waiting");
                using (var gone = scene.Login("gone"))
                {
                    gone.Query("select pg_advisory_lock(5) is null");
                    gone.Abort();
                }

                waiting.Query("select pg_advisory_lock(5) is null, pg_advisory_unlock(5)");
            }
        );

    [Theory, MemberData(nameof(Routes))]
    public Task A_transaction_of_a_client_that_vanished_is_rolled_back(Route route) =>
        _wire.CompareAsync(
            route,
            scene =>
            {
                using var waiting = scene.Login("waiting");
                waiting.Query("create table left_behind(n int)");
                using (var gone = scene.Login("gone"))
                {
                    gone.Query("begin; insert into left_behind values (1); lock table left_behind");
                    gone.Abort();
                }

                waiting.Query("begin; lock table left_behind; select count(*) from left_behind; commit");
                waiting.Query("drop table left_behind");
            }
        );

    [Theory, MemberData(nameof(Routes))]
    public Task A_cursor_with_hold_outlives_its_transaction(Route route) =>
        _wire.CompareAsync(
            route,
            scene =>
            {
                using var one = scene.Login("one");
                using var two = scene.Login("two");
                one.Query("declare c cursor with hold for select n from generate_series(1, 9) n");
                two.Query("fetch 1 from c");
                one.Query("fetch 2 from c");
                two.Query("select 1");
                one.Batch(Parse("", "fetch 2 from c"), Bind("", ""), Execute());
                one.Query("close c");
                one.Query("fetch 1 from c");
            }
        );

    /// <summary>Needs two server connections: proves that nobody else holds one.</summary>
    private static void BothAtOnce(WireClient two, WireClient three)
    {
        two.Query("begin");
        three.Query("begin");
        two.Query("select 'two'");
        three.Query("select 'three'");
        two.Query("commit");
        three.Query("commit");
    }
}
