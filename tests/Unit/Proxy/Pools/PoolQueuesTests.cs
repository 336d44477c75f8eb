using Freshet.Server.Proxy.Clients;
using Freshet.Server.Proxy.Pools;
using Freshet.Server.Proxy.Servers;
using Freshet.Server.Proxy.State;
using Xunit;

namespace Freshet.Tests.Unit.Proxy.Pools;

public sealed class PoolQueuesTests : IDisposable
{
    private const long Preference = 1_000;

    private readonly ProxyScene _scene = new(threads: 3);
    private readonly PoolQueues _queues = new(3);

    public void Dispose() => _scene.Dispose();

    private ClientSession Waiter(int loop, long since)
    {
        ClientSession client = _scene.NewClient(loop);
        _queues.Enqueue(client);
        client.WaitingSince = since;
        return client;
    }

    private ServerConnection Idle(int loop, SettingsSet? startup = null, long since = 0)
    {
        ServerConnection server = _scene.NewServer(loop, startup);
        server.IdleSince = since;
        server.MoveTo(server.Loop, ServerState.Idle);
        _queues.Add(server);
        _queues.PushIdle(server);
        return server;
    }

    [Fact]
    public void Waiters_of_one_loop_are_served_in_the_order_they_came()
    {
        ClientSession[] clients = [.. Enumerable.Range(0, 50).Select(i => Waiter(0, i))];
        Assert.Equal(50, _queues.Waiting);
        foreach (ClientSession client in clients)
        {
            Assert.Same(client, _queues.PickWaiter(0, Preference));
        }

        Assert.Null(_queues.PickWaiter(0, Preference));
        Assert.Equal(0, _queues.Waiting);
    }

    [Fact]
    public void Another_loops_waiter_is_served_first_only_when_it_has_waited_that_much_longer()
    {
        ClientSession far = Waiter(1, 5_000);
        ClientSession near = Waiter(0, 5_000 + Preference);
        Assert.Same(near, _queues.PickWaiter(0, Preference));
        ClientSession nearer = Waiter(0, 5_000 + Preference + 1);
        Assert.Same(far, _queues.PickWaiter(0, Preference));
        Assert.Same(nearer, _queues.PickWaiter(0, Preference));
    }

    [Fact]
    public void A_loop_without_waiters_serves_the_others()
    {
        ClientSession far = Waiter(2, 1);
        Assert.False(_queues.HasWaiters(0));
        Assert.Same(far, _queues.PickWaiter(0, Preference));
    }

    [Fact]
    public void Who_is_put_back_keeps_its_place_and_who_leaves_gives_it_up()
    {
        ClientSession first = Waiter(0, 1);
        ClientSession second = Waiter(0, 2);
        Assert.Same(first, _queues.PickWaiter(0, Preference));
        _queues.PutBack(first);
        Assert.Same(first, _queues.FirstWaiter(0));
        Assert.True(_queues.Remove(first));
        Assert.False(_queues.Remove(first));
        Assert.Same(second, _queues.OldestWaiter());
        Assert.Equal([second], _queues.Waiters(0));
    }

    [Fact]
    public void A_client_can_wait_again_after_it_was_served()
    {
        ClientSession client = Waiter(0, 1);
        for (int round = 0; round < 3; round++)
        {
            Assert.Same(client, _queues.PickWaiter(0, Preference));
            _queues.Enqueue(client);
        }

        Assert.Equal(1, _queues.Waiting);
    }

    [Fact]
    public void The_most_recently_used_idle_connection_is_lent_first_own_loop_before_others()
    {
        ServerConnection far = Idle(1);
        ServerConnection old = Idle(0);
        ServerConnection recent = Idle(0);
        Assert.Same(recent, _queues.PopIdle(0, SettingsSet.Empty));
        Assert.Same(old, _queues.PopIdle(0, SettingsSet.Empty));
        Assert.Same(far, _queues.PopIdle(0, SettingsSet.Empty));
        Assert.Null(_queues.PopIdle(0, SettingsSet.Empty));
        Assert.Equal(3, _queues.Servers);
    }

    [Fact]
    public void Only_a_connection_opened_with_the_same_startup_settings_fits()
    {
        var startup = SettingsSet.Of([new("timezone", "UTC")]);
        ServerConnection plain = Idle(0);
        ServerConnection special = Idle(0, startup);
        Assert.Same(plain, _queues.PopIdle(0, SettingsSet.Empty));
        Assert.Null(_queues.PopIdle(0, SettingsSet.Empty));
        Assert.Same(special, _queues.PopIdle(0, SettingsSet.Of([new("TimeZone", "UTC")])));
    }

    [Fact]
    public void To_make_room_the_longest_unused_of_all_loops_goes()
    {
        Idle(0, since: 30);
        ServerConnection oldest = Idle(1, since: 10);
        ServerConnection second = Idle(2, since: 20);
        Assert.Same(oldest, _queues.PopOldestIdle());
        _queues.RemoveIdle(second);
        Assert.NotNull(_queues.PopOldestIdle());
        Assert.Null(_queues.PopOldestIdle());
    }

    [Fact]
    public void The_census_counts_each_connection_once()
    {
        Idle(0);
        ServerConnection active = _scene.NewServer();
        _queues.Add(active);
        ServerConnection cleaning = _scene.NewServer();
        cleaning.MoveTo(cleaning.Loop, ServerState.Cleaning);
        _queues.Add(cleaning);
        ServerConnection login = _scene.NewServer();
        login.MoveTo(login.Loop, ServerState.Login);
        _queues.Add(login);
        Waiter(1, 1);

        PoolCensus census = _queues.TakeCensus();
        Assert.Equal((1, 1, 1, 1, 1), (census.Waiting, census.Active, census.Idle, census.Login, census.Cleaning));
        Assert.True(census.OldestWait > 0);
        Assert.Equal(1, _queues.LoggingIn);
        _queues.Forget(active);
        _queues.Forget(active);
        Assert.Equal(3, _queues.Servers);
    }
}
