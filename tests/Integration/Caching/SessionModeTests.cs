using Freshet.Tests.Integration.Servers;
using Xunit;
using static Freshet.Tests.Integration.Wire.Frontend;

namespace Freshet.Tests.Integration.Caching;

/// <summary>Session mode: what is served is what the server would say, whoever wrote, however it is asked
/// for.</summary>
/// <param name="servers">The shared servers.</param>
public sealed class SessionModeTests(TestServers servers)
{
    private const string Setup =
        """
        create table item(id int primary key, n int not null);
        insert into item select i, 0 from generate_series(1, 100) i;
        create table parent(id int primary key, total int not null default 0);
        create table child(id int primary key, parent int references parent on delete cascade, n int not null);
        insert into parent values (1); insert into child values (1, 1, 5), (2, 1, 6);
        create function add_up() returns trigger language plpgsql as $$
          begin update parent set total = total + new.n where id = new.parent; return new; end $$;
        create trigger t after insert on child for each row execute function add_up();
        create view doubled as select id, 2 * n as n from item;
        create table part(id int, n int, primary key (id)) partition by range (id);
        create table part1 partition of part for values from (0) to (10);
        create table part2 partition of part for values from (10) to (20);
        insert into part values (1, 1), (11, 2);
        """;

    private const string ByKey = "select n from item where id = $1";

    private Task<CachedScene> StartAsync() => CachedScene.StartAsync(servers.Postgres, Setup);

    [Fact]
    public async Task A_result_is_served_again_in_every_form_of_the_protocol()
    {
        await using var scene = await StartAsync();
        var client = scene.Client();
        await scene.UntilHitAsync(() => Assert.Equal("0", client.Query("select n from item where id = 1")));
        await scene.UntilHitAsync(() =>
            client.Batch(Parse("", ByKey), Bind("", "", "7"), DescribePortal(""), Execute()));
        client.Batch(Parse("mine", ByKey));
        await scene.UntilHitAsync(() => client.Batch(Bind("", "mine", "8"), Execute()));
        Assert.DoesNotContain(client.Received, message => message.Type is 'E');
    }

    [Fact]
    public async Task A_session_reads_what_it_wrote()
    {
        await using var scene = await StartAsync();
        var client = scene.Client();
        for (var i = 1; i <= 300; i++)
        {
            client.Query($"update item set n = {i} where id = 1");
            Assert.Equal($"{i}", client.Query("select n from item where id = 1"));
            Assert.Equal($"{i}", client.Query("select n from item where id = 1"));
            Assert.Equal($"{i}", client.Query("select sum(n) from item"));
            if (i % 20 == 0)
            {
                await scene.UntilHitAsync(() => Assert.Equal($"{i}", client.Query("select sum(n) from item")));
            }
        }

    }

    [Fact]
    public async Task What_others_write_is_seen_soon_and_never_taken_back()
    {
        await using var scene = await StartAsync();
        var (reader, writer) = (scene.Client(), scene.Direct());
        var seen = 0;
        for (var i = 1; i <= 200; i++)
        {
            writer.Query($"update item set n = {i} where id = 2");
            await CachedScene.UntilAsync(() =>
            {
                var now = int.Parse(reader.Query("select n from item where id = 2")!);
                Assert.True(now >= seen, $"{now} after {seen}");
                seen = now;
                return Task.FromResult(now == i);
            });
        }
    }

    [Fact]
    public async Task Triggers_cascades_views_and_partitions_are_followed()
    {
        await using var scene = await StartAsync();
        var (client, writer) = (scene.Client(), scene.Direct());
        (string Query, string Write)[] pairs =
        [
            ("select total from parent where id = 1", "insert into child values ((random() * 1e9)::int, 1, 1)"),
            ("select count(*) from child", "delete from parent where id = 1; insert into parent values (1)"),
            ("select sum(n) from doubled", "update item set n = n + 1 where id = 3"),
            ("select sum(n) from part", "update part set n = n + 1 where id = 11"),
            ("select n from part1", "update part set n = n + 1 where id = 1"),
            ("select count(*) from item", "truncate item"),
        ];
        foreach (var (query, write) in pairs)
        {
            await scene.UntilHitAsync(() => client.Query(query));
            writer.Query(write);
            var expected = writer.Query(query);
            await CachedScene.UntilAsync(() =>
                Task.FromResult(string.Equals(client.Query(query), expected, StringComparison.Ordinal)));
            await scene.UntilHitAsync(() => Assert.Equal(expected, client.Query(query)));
        }
    }

    [Fact]
    public async Task A_write_to_another_row_leaves_a_result_by_key_in_place()
    {
        await using var scene = await StartAsync();
        var (client, writer) = (scene.Client(), scene.Direct());
        void Read() => client.Batch(
            Parse("", ByKey), Bind("", "", "5"), DescribePortal(""), Execute());
        await scene.UntilHitAsync(Read);
        var misses = scene.Count("miss");
        for (var i = 0; i < 50; i++)
        {
            writer.Query("update item set n = n + 1 where id = 6");
            Read();
        }

        Assert.Equal(misses, scene.Count("miss"));
        writer.Query("update item set n = 77 where id = 5");
        await CachedScene.UntilAsync(() => Task.FromResult(string.Equals(
            client.Query("select n from item where id = 5"), "77", StringComparison.Ordinal)));
        Read();
        Assert.Equal("77", client.Received.Last(message => message.Type is 'D').Row()[0]);
    }

    [Fact]
    public async Task Inside_a_transaction_nothing_comes_from_the_cache()
    {
        await using var scene = await StartAsync();
        var client = scene.Client();
        await scene.UntilHitAsync(() => client.Query("select n from item where id = 9"));
        var hits = scene.Hits();
        client.Query("begin");
        client.Query("update item set n = 5 where id = 9");
        Assert.Equal("5", client.Query("select n from item where id = 9"));
        client.Query("rollback");
        Assert.Equal("0", client.Query("select n from item where id = 9"));
        client.Query("begin isolation level repeatable read");
        client.Query("select n from item where id = 9");
        client.Query("commit");
        Assert.InRange(scene.Hits(), hits, hits + 1);
    }

    [Fact]
    public async Task A_changed_definition_is_obeyed()
    {
        await using var scene = await StartAsync();
        var client = scene.Client();
        await scene.UntilHitAsync(() => client.Query("select * from item where id = 10"));
        client.Query("alter table item add column extra int default 42");
        client.Query("select * from item where id = 10");
        Assert.Equal("10 0 42", string.Join(" ", client.Received.Last(message => message.Type is 'D').Row()));
        client.Query("drop table item cascade");
        client.Query("select * from item where id = 10");
        Assert.Equal('E', client.Received[^2].Type);
    }

    [Fact]
    public async Task After_a_revoke_nothing_cached_can_be_read()
    {
        await using var scene = await StartAsync();
        var admin = scene.Direct();
        admin.Query("grant select on item to app; set role app");
        admin.Query("reset role");
        var client = scene.Client();
        client.Query("set role app");
        await scene.UntilHitAsync(() => client.Query("select n from item where id = 4"));
        admin.Query("revoke select on item from app");
        await CachedScene.UntilAsync(() =>
        {
            client.Query("select n from item where id = 4");
            return Task.FromResult(client.Received[^2].Type is 'E');
        });
    }

    [Fact]
    public async Task Settings_and_roles_have_results_of_their_own()
    {
        await using var scene = await StartAsync();
        scene.Direct().Query("create table moment(id int primary key, at timestamptz)");
        scene.Direct().Query("insert into moment values (1, '2026-01-01 12:00+00')");
        var (one, other) = (scene.Client(), scene.Client());
        one.Query("set timezone = 'UTC'");
        other.Query("set timezone = 'Asia/Tokyo'");
        await scene.UntilHitAsync(() => Assert.Equal("2026-01-01 12:00:00+00", one.Query("select at from moment")));
        await scene.UntilHitAsync(() => Assert.Equal("2026-01-01 21:00:00+09", other.Query("select at from moment")));
    }
}
