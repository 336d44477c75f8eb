using Freshet.Tests.Integration.Servers;
using Freshet.Tests.Integration.Wire;
using Xunit;
using static Freshet.Tests.Integration.Wire.Frontend;

namespace Freshet.Tests.Integration.Protocol;

/// <summary>The first bytes of a connection.</summary>
/// <param name="servers">The shared servers.</param>
public sealed class StartupTests(TestServers servers)
{
    private const int Version40 = 0x0004_0000;
    private const int Version39999 = 0x0003_270F;

    private readonly WireComparison _wire = new(servers);

    public static TheoryData<Route> Routes => [Route.Direct, Route.Session, Route.Transaction, Route.Cached];

    public static TheoryData<Route> ProxyRoutes => [Route.Session, Route.Transaction, Route.Cached];

    [Theory, MemberData(nameof(ProxyRoutes))]
    public async Task A_login_tells_the_same_parameters(Route route)
    {
        var direct = await ParametersAsync(Route.Direct);
        var routed = await ParametersAsync(route);

        Assert.NotEmpty(direct);
        Assert.Equal(direct, routed);
    }

    [Fact]
    public Task In_session_mode_the_process_number_is_the_servers() =>
        _wire.RunAsync(
            Route.Session,
            scene =>
            {
                using var client = scene.Login();
                Assert.Equal(client.Query("select pg_backend_pid()"), $"{client.ProcessId}");
            }
        );

    [Theory, MemberData(nameof(Routes))]
    public Task Version_3_2_is_spoken_or_negotiated_down(Route route) =>
        RunAsync(
            route,
            client =>
            {
                client.Send(StartupMessage(Version32, ("user", "wire"), ("database", "wire")));
                Assert.Equal('I', client.ReadUntilReady());
                Assert.InRange(client.SecretKey.Length, 4, 256);
                Assert.Equal("1", client.Query("select 1"));
            }
        );

    [Theory, MemberData(nameof(Routes))]
    public Task A_minor_version_of_the_future_is_negotiated_down(Route route) =>
        RunAsync(
            route,
            client =>
            {
                client.Send(StartupMessage(Version39999, ("user", "wire"), ("database", "wire")));
                Assert.Equal('v', client.Read().Type);
                Assert.Equal('I', client.ReadUntilReady());
                Assert.Equal("1", client.Query("select 1"));
            }
        );

    [Theory, MemberData(nameof(Routes))]
    public Task Unknown_protocol_options_are_named_in_the_answer(Route route) =>
        RunAsync(
            route,
            client =>
            {
                client.Send(
                    StartupMessage(
                        Version30, ("user", "wire"), ("_pq_.one", "1"), ("database", "wire"), ("_pq_.two", "")));
                var answer = client.Read();
                Assert.Equal('v', answer.Type);
                Assert.Equal(["_pq_.one", "_pq_.two"], answer.Strings(8, answer.Int32(4)));
                Assert.Equal('I', client.ReadUntilReady());
            }
        );

    [Theory, MemberData(nameof(Routes))]
    public Task Another_major_version_is_refused(Route route) =>
        RunAsync(
            route,
            client =>
            {
                client.Send(StartupMessage(Version40, ("user", "wire"), ("database", "wire")));
                Assert.Equal("0A000", client.ReadUntilClosed()?.Field('C'));
            }
        );

    // The real server has GSSAPI compiled in and says so.
    [Theory, MemberData(nameof(ProxyRoutes))]
    public Task Without_TLS_both_encryption_requests_are_answered_no(Route route) =>
        _wire.RunAsync(
            route,
            scene =>
            {
                using var client = scene.Connect();
                client.Send(GssEncRequest());
                Assert.Equal('N', client.ReadByte());
                client.Send(SslRequest());
                Assert.Equal('N', client.ReadByte());
                client.Login("wire", "wire");
                using var other = scene.Connect();
                other.Send(SslRequest());
                Assert.Equal('N', other.ReadByte());
                other.Send(GssEncRequest());
                Assert.Equal('N', other.ReadByte());
                other.Login("wire", "wire");
            }
        );

    [Theory, MemberData(nameof(ProxyRoutes))]
    public Task Bytes_stuffed_behind_an_encryption_request_end_the_connection(Route route) =>
        _wire.RunAsync(
            route,
            scene =>
            {
                foreach (var request in (byte[][])[SslRequest(), GssEncRequest()])
                {
                    using var client = scene.Connect();
                    client.Send(request, StartupMessage(Version30, ("user", "wire"), ("database", "wire")));
                    // The answer N may or may not be sent before the stuffing is seen; a login never may.
                    var first = client.ReadByte();
                    Assert.True(first is null or 'N' or 'E', $"answered {first}");
                    if (first is 'N')
                    {
                        Assert.DoesNotContain(Rest(client), message => message.Type is 'R' or 'Z');
                    }
                }
            }
        );

    [Theory, MemberData(nameof(Routes))]
    public Task An_unknown_database_is_refused_with_its_own_code(Route route) =>
        RunAsync(
            route,
            client =>
            {
                client.Send(StartupMessage(Version30, ("user", "wire"), ("database", "nowhere")));
                Assert.Equal("3D000", client.ReadUntilClosed()?.Field('C'));
            }
        );

    [Theory, MemberData(nameof(ProxyRoutes))]
    public Task An_unknown_user_is_refused(Route route) =>
        RunAsync(
            route,
            client =>
            {
                client.Send(StartupMessage(Version30, ("user", "nobody"), ("database", "wire")));
                Assert.StartsWith("28", client.ReadUntilClosed()?.Field('C'), StringComparison.Ordinal);
            }
        );

    [Theory, InlineData(Route.Direct), InlineData(Route.Session)]
    public Task A_startup_parameter_that_the_server_refuses_is_told(Route route) =>
        _wire.RunAsync(
            route,
            scene =>
            {
                using var client = scene.Connect();
                client.Send(
                    StartupMessage(Version30, ("user", "wire"), ("database", "wire"), ("work_mem", "nonsense")));
                Assert.Equal("22023", client.ReadUntilClosed()?.Field('C'));
                using var other = scene.Login();
                Assert.Equal("1", other.Query("select 1"));
            }
        );

    [Theory, MemberData(nameof(Routes))]
    public Task The_database_is_named_after_the_user_when_left_out(Route route) =>
        RunAsync(
            route,
            client =>
            {
                client.Send(StartupMessage(Version30, ("user", "wire")));
                client.ReadUntilReady();
                Assert.Equal("wire", client.Query("select current_database()"));
            }
        );

    [Theory, MemberData(nameof(Routes))]
    public Task A_startup_in_single_bytes_is_understood(Route route) =>
        RunAsync(
            route,
            client =>
            {
                client.PacketBytes = 1;
                client.Login("wire", "wire", ("application_name", "slow"), ("options", "-c work_mem=1MB"));
                Assert.Equal("slow", client.Query("show application_name"));
                Assert.Equal("1MB", client.Query("show work_mem"));
            }
        );

    public static TheoryData<Route, byte[]> BadStartups
    {
        get
        {
            var data = new TheoryData<Route, byte[]>();
            foreach (var route in (Route[])[Route.Session, Route.Transaction])
            {
                data.Add(route, [0, 0, 0, 0]);
                data.Add(route, [0, 0, 0, 7, 0, 3, 0]);
                data.Add(route, [0xFF, 0xFF, 0xFF, 0xFF, 0, 3, 0, 0]);
                data.Add(route, [0x7F, 0xFF, 0xFF, 0xFF, 0, 3, 0, 0]);
                data.Add(route, [.. new MessageWriter().Int32(Version30).Raw("user\0wire"u8).ToArray()]);
                data.Add(route, [.. new MessageWriter().Int32(Version30).Int8(0).ToArray()]);
                data.Add(route, [.. "GET / HTTP/1.1\r\nHost: x\r\n\r\n"u8]);
                data.Add(route, CancelRequest(1, [1]));
            }

            return data;
        }
    }

    [Theory, MemberData(nameof(BadStartups))]
    public Task A_bad_startup_ends_its_connection_and_no_other(Route route, byte[] bytes) =>
        _wire.RunAsync(
            route,
            scene =>
            {
                using var other = scene.Login();
                using var client = scene.Connect();
                client.Send(bytes);
                Assert.DoesNotContain(Rest(client), message => message.Type is 'R' or 'Z');
                Assert.Equal("1", other.Query("select 1"));
            }
        );

    [Theory, MemberData(nameof(ProxyRoutes))]
    public Task A_replication_connection_has_a_server_connection_of_its_own(Route route) =>
        _wire.CompareAsync(
            route,
            scene =>
            {
                using var client = scene.Login("walsender", ("replication", "true"));
                client.Transcript = new Transcript();
                client.Query("IDENTIFY_SYSTEM");
                scene.Transcript.Note("", string.Join(' ', client.Received.Last(m => m.Type is 'D').Row()[..2]));
                client.Transcript = scene.Transcript;
                client.Query("SHOW wal_level");
                client.Query("CREATE_REPLICATION_SLOT passing TEMPORARY PHYSICAL");
                client.Query("READ_REPLICATION_SLOT passing");
                using var logical = scene.Login("logical", ("replication", "database"));
                logical.Query("select current_database()");
                using var ordinary = scene.Login("ordinary");
                ordinary.Query("IDENTIFY_SYSTEM");
            }
        );

    private static List<WireMessage> Rest(WireClient client)
    {
        client.ReadUntilClosed();
        return [.. client.Received];
    }

    /// <summary>With one client that is connected and has sent nothing.</summary>
    private Task RunAsync(Route route, Action<WireClient> scenario) =>
        _wire.RunAsync(
            route,
            scene =>
            {
                using var client = scene.Connect();
                scenario(client);
            }
        );

    private async Task<List<string>> ParametersAsync(Route route)
    {
        List<string> parameters = [];
        await _wire.RunAsync(
            route,
            scene =>
            {
                using var client = scene.Login("", ("application_name", "me"), ("TimeZone", "Asia/Tokyo"));
                parameters = [.. client.Parameters.Select(pair => $"{pair.Key}={pair.Value}")];
                parameters.Sort(StringComparer.Ordinal);
            }
        );
        return parameters;
    }
}
