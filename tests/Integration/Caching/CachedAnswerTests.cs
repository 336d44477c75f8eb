using Freshet.Tests.Integration.Servers;
using Freshet.Tests.Integration.Wire;
using Xunit;
using static Freshet.Tests.Integration.Wire.Frontend;

namespace Freshet.Tests.Integration.Caching;

/// <summary>An answer from the cache is, message for message, the server's.</summary>
/// <param name="servers">The shared servers.</param>
public sealed class CachedAnswerTests(TestServers servers)
{
    private const string Setup =
        """
        create table item(id int primary key, name text, price numeric, made timestamptz, tags text[], raw bytea);
        insert into item select i, 'item ' || i, i * 1.5, '2026-01-01'::timestamptz + i * interval '1 hour',
          array['a', 'b' || i], decode('00ff', 'hex') from generate_series(1, 50) i;
        insert into item values (51, null, null, null, null, null);
        create table wide(id int primary key, body text);
        insert into wide select i, repeat(i::text, 20000) from generate_series(1, 10) i;
        create table empty(id int primary key);
        """;

    private static readonly string[] Queries =
    [
        "select 1", "select null::text", "select * from item where id = 3", "select * from item order by id",
        "select count(*), sum(price) from item", "select id from empty", "select * from item where id = 51",
        "select id, length(body) from wide", "select body from wide where id <= 3", "values (1, 'x'), (2, 'y')",
        "table empty", "with t as (select id from item where id < 4) select * from t order by 1",
        "select name as \"Name\", price * 2 as twice from item where id in (1, 2) order by id;",
        "select i.name from item i join wide w using (id) order by 1 limit 3",
    ];

    private readonly record struct Form(string Name, Action<WireClient, string> Run);

    private static readonly Form[] Forms =
    [
        new("simple", (client, sql) => client.Query(sql)),
        new("described", (client, sql) => client.Batch(Parse("", sql), Bind("", ""), DescribePortal(""), Execute())),
        new("not described", (client, sql) => client.Batch(Parse("", sql), Bind("", ""), Execute())),
        new("byte by byte", (client, sql) =>
        {
            client.PacketBytes = 1;
            client.Batch(Parse("", sql), Bind("", ""), DescribePortal(""), Execute());
            client.PacketBytes = 0;
        }),
        new("named", (client, sql) =>
        {
            client.Batch(Parse("mine", sql));
            client.Batch(Bind("", "mine"), Execute());
            client.Batch(Bind("", "mine"), DescribePortal(""), Execute());
            client.Batch(CloseStatement("mine"));
        }),
        new("named in one batch", (client, sql) =>
        {
            client.Batch(Parse("other", sql), Bind("", "other"), DescribePortal(""), Execute());
            client.Batch(Bind("", "other"), Execute());
            client.Batch(Parse("other", sql));
            client.Batch(DescribeStatement("other"));
            client.Batch(CloseStatement("other"));
        }),
        new("unnamed again", (client, sql) =>
        {
            client.Batch(Parse("", sql), Bind("", ""), Execute());
            client.Batch(Bind("", ""), DescribePortal(""), Execute());
            client.Batch(DescribeStatement(""));
        }),
        new("pipelined", (client, sql) =>
        {
            client.Send(
                Parse("", sql), Bind("", ""), DescribePortal(""), Execute(), Sync(), Query(sql),
                Parse("", sql), Bind("", ""), Execute(), Sync(), Query("select 'behind'"));
            client.ReadUntilReady(4);
        }),
        new("with a row limit", (client, sql) =>
        {
            client.Send(Parse("", sql), Bind("", ""), Execute("", 1), Execute("", 0), Sync());
            client.ReadUntilReady();
        }),
        new("after an error", (client, sql) =>
        {
            client.Batch(Parse("", "select nonsense"), Bind("", ""), Execute());
            client.Batch(Bind("", ""), Execute());
            client.Query(sql);
        }),
    ];

    /// <summary>Counted by the loops themselves, ten times a second; what they do then at most is a few bytes a second.
    /// </summary>
    [Theory]
    [InlineData("simple")]
    [InlineData("described")]
    [InlineData("not described")]
    public async Task A_hit_allocates_nothing(string form)
    {
        const int hits = 5_000;
        await using var scene = await CachedScene.StartAsync(servers.Postgres, Setup);
        var run = Forms.Single(candidate => string.Equals(candidate.Name, form, StringComparison.Ordinal)).Run;
        var client = scene.Client();
        await scene.UntilHitAsync(() => run(client, "select * from item where id = 3"));
        var least = double.MaxValue;
        for (var attempt = 0; attempt < 5 && least >= 1; attempt++)
        {
            var before = await LoopBytesAsync(scene);
            for (var hit = 0; hit < hits; hit++)
            {
                run(client, "select * from item where id = 3");
            }

            least = Math.Min(least, (await LoopBytesAsync(scene) - before) / hits);
        }

        Assert.InRange(least, 0, 1);
    }

    private static async Task<double> LoopBytesAsync(CachedScene scene)
    {
        await Task.Delay(250, TestContext.Current.CancellationToken); // two ticks
        return (await scene.MetricsAsync())["freshet_loops_allocated_bytes_total"];
    }

    [Fact]
    public async Task Every_form_of_every_query_is_answered_as_by_the_server()
    {
        await using var scene = await CachedScene.StartAsync(servers.Postgres, Setup);
        var (direct, routed) = (scene.Direct(), scene.Client());
        var before = scene.Hits();
        foreach (var sql in Queries)
        {
            foreach (var form in Forms)
            {
                for (var round = 0; round < 3; round++)
                {
                    direct.Transcript = new Transcript();
                    routed.Transcript = new Transcript();
                    form.Run(direct, sql);
                    form.Run(routed, sql);
                    direct.Transcript.AssertEqual(routed.Transcript);
                }

                await Task.Delay(10, TestContext.Current.CancellationToken); // a pulse, so that it is stored
            }
        }

        Assert.True(scene.Hits() - before > Queries.Length * Forms.Length, $"{scene.Hits() - before} hits");
    }

    [Fact]
    public async Task Parameters_and_binary_results_are_told_apart()
    {
        await using var scene = await CachedScene.StartAsync(servers.Postgres, Setup);
        var (direct, routed) = (scene.Direct(), scene.Client());
        // On a busy machine the stream is behind more often, and fewer reads are hits: then it takes more rounds.
        for (var round = 0; round < 4 || (round < 200 && scene.Hits() < 10); round++)
        {
            for (var id = 1; id <= 5; id++)
            {
                foreach (var format in (short[])[0, 1])
                {
                    foreach (var client in (WireClient[])[direct, routed])
                    {
                        client.Transcript = new Transcript();
                        client.Batch(
                            Parse("", "select id, name, price, made from item where id = $1"),
                            BindInt4(id, format), DescribePortal(""), Execute());
                    }

                    direct.Transcript.AssertEqual(routed.Transcript);
                }
            }

            await Task.Delay(20, TestContext.Current.CancellationToken);
        }

        Assert.True(scene.Hits() >= 10, $"{scene.Hits()} hits");
    }

    private static byte[] BindInt4(int value, short resultFormat) =>
        new Wire.MessageWriter('B').Text("").Text("").Int16(1).Int16(1).Int16(1).Int32(4).Int32(value)
            .Int16(1).Int16(resultFormat).ToArray();
}
