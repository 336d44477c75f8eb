using Freshet.Tests.Integration.Servers;
using Freshet.Tests.Integration.Wire;
using Xunit;
using static Freshet.Tests.Integration.Wire.Frontend;

namespace Freshet.Tests.Integration.Protocol;

/// <summary>
/// Settings stay with the client that made them though the server connection goes to and fro: two clients take turns on
/// one server connection, and are told what two clients with a connection each are told.
/// </summary>
/// <param name="servers">The shared servers.</param>
public sealed class SettingTests(TestServers servers)
{
    private readonly WireComparison _wire = new(servers);

    public static TheoryData<Route> Routes => [Route.SingleServer, Route.TwoServers, Route.Transaction, Route.Cached];

    /// <summary>Statements that change what follows, and the question that shows it.</summary>
    public static TheoryData<string, string> Changes =>
        new()
        {
            { "set search_path = pg_catalog, public", "show search_path" },
            { "set timezone = 'Asia/Tokyo'", "show TimeZone" },
            { "SET TIME ZONE 'Europe/Paris'", "show TimeZone" },
            { "set time zone interval '+02:00' hour to minute", "show TimeZone" },
            { "set statement_timeout = '7s'", "show statement_timeout" },
            { "set session statement_timeout to 8000", "show statement_timeout" },
            { "/* comment */ set -- another\n statement_timeout = '9s';", "show statement_timeout" },
            { "set app.tenant = 'one'", "select coalesce(current_setting('app.tenant', true), '')" },
            // An empty custom setting and none at all are told apart by nobody but the server: once a name was used on
            // a server connection it stays there, empty, until the connection is closed.
            {
                "select set_config('app.tenant', 'two', false)",
                "select coalesce(current_setting('app.tenant', true), '')"
            },
            { "set role other", "select current_user" },
            { "set session authorization app", "select session_user" },
            { "set application_name = 'it''s'", "show application_name" },
            { "set names 'LATIN1'", "show client_encoding" },
            { "set datestyle = 'German, DMY'", "show DateStyle" },
            { "set bytea_output = escape; set extra_float_digits = 0", "select '\\x41'::bytea, 0.1::float8 + 0.2" },
            { "set standard_conforming_strings = off", "show standard_conforming_strings" },
            { "set default_transaction_isolation = 'serializable'", "show transaction_isolation" },
            { "set session characteristics as transaction read only", "show transaction_read_only" },
            { "begin; set statement_timeout = '3s'; commit", "show statement_timeout" },
            { "begin; set statement_timeout = '3s'; rollback", "show statement_timeout" },
            { "begin; set local statement_timeout = '3s'; commit", "show statement_timeout" },
            { "begin; savepoint a; set work_mem = '1MB'; rollback to a; commit", "show work_mem" },
            { "begin; savepoint a; set work_mem = '1MB'; release a; commit", "show work_mem" },
            { "set work_mem = '2MB'; select 1/0", "show work_mem" },
            {
                "do $$ begin perform set_config('app.tenant', 'three', false); end $$",
                "select coalesce(current_setting('app.tenant', true), '')"
            },
        };

    [Theory, MemberData(nameof(Changes))]
    public Task A_setting_stays_with_its_client(string change, string question) =>
        _wire.CompareAsync(Route.SingleServer, scene => TakeTurns(scene, client => client.Query(change), question));

    [Theory, MemberData(nameof(Changes))]
    public Task A_setting_made_by_the_extended_protocol_stays_with_its_client(string change, string question) =>
        _wire.CompareAsync(
            Route.SingleServer,
            scene =>
                TakeTurns(
                    scene,
                    client => client.Batch(Parse("", change), Bind("", ""), Execute()),
                    question
                )
        );

    [Theory, MemberData(nameof(Routes))]
    public Task Reset_goes_back_to_the_start(Route route) =>
        _wire.CompareAsync(
            route,
            scene =>
            {
                using var one = scene.Login("one", ("application_name", "start"), ("TimeZone", "Asia/Tokyo"));
                const string settings = "-c statement_timeout=4s --work_mem=3MB -c app.x=a\\ b";
                using var two = scene.Login("two", ("options", settings));
                one.Query("set application_name = 'changed'; set TimeZone = 'Europe/Paris'; set work_mem = '1MB'");
                two.Query("set statement_timeout = 0; set work_mem = '8MB'; set app.x = 'y'");
                Ask(one);
                Ask(two);
                one.Query("reset application_name; reset TimeZone");
                two.Query("reset statement_timeout; reset app.x");
                Ask(one);
                Ask(two);
                one.Query("reset all");
                two.Query("discard all");
                Ask(two);
                Ask(one);
            }
        );

    [Theory, MemberData(nameof(Routes))]
    public Task Reset_role_and_default_are_followed(Route route) =>
        _wire.CompareAsync(
            route,
            scene =>
            {
                using var one = scene.Login("one");
                using var two = scene.Login("two");
                one.Query("set role other; set work_mem = '5MB'");
                two.Query("select current_user; show work_mem");
                one.Query("select current_user; show work_mem");
                one.Query("reset role; set work_mem to default");
                two.Query("set role app");
                one.Query("select current_user; show work_mem");
                two.Query("select current_user");
                two.Query("set role none");
                two.Query("select current_user");
            }
        );

    [Theory, MemberData(nameof(Routes))]
    public Task A_setting_the_server_refuses_is_not_replayed(Route route) =>
        _wire.CompareAsync(
            route,
            scene =>
            {
                using var one = scene.Login("one");
                using var two = scene.Login("two");
                one.Query("set work_mem = 'nonsense'");
                one.Query("set nobody = 1");
                one.Query("set app.good = 'yes'");
                two.Query("select 1");
                one.Query("show work_mem; show app.good");
            }
        );

    [Theory, MemberData(nameof(Routes))]
    public Task A_role_that_is_gone_does_not_take_the_connection_with_it(Route route) =>
        _wire.RunAsync(
            route,
            scene =>
            {
                using var one = scene.Login("one");
                using var two = scene.Login("two");
                two.Query("create role passing");
                one.Query("set role passing");
                two.Query("drop role passing");
                one.Query("select 1");
                two.Query("select 1");
                Assert.Equal("2", two.Query("select 2"));
                using var three = scene.Login("three");
                Assert.Equal("3", three.Query("select 3"));
                Assert.Equal("wire", three.Query("select current_user"));
            }
        );

    private static void Ask(WireClient client) =>
        client.Query(
            "show application_name; show TimeZone; show statement_timeout; show work_mem; "
                + "select coalesce(current_setting('app.x', true), '')"
        );

    private static void TakeTurns(WireScene scene, Action<WireClient> change, string question)
    {
        using var one = scene.Login("one");
        using var two = scene.Login("two");
        two.Query("select 'here'");
        change(one);
        two.Query(question);
        one.Query(question);
        two.Batch(Parse("", question), Bind("", ""), Execute());
        one.Batch(Parse("", question), Bind("", ""), Execute());
        using var three = scene.Login("three");
        three.Query(question);
        one.Query("rollback");
        one.Query("reset all");
        two.Query(question);
        one.Query(question);
    }
}
