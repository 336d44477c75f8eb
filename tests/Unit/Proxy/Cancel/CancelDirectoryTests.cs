using Freshet.Server.Proxy.Cancel;
using Freshet.Server.Proxy.Clients;
using Xunit;

namespace Freshet.Tests.Unit.Proxy.Cancel;

public sealed class CancelDirectoryTests : IDisposable
{
    private readonly ProxyScene _scene = new();
    private readonly CancelDirectory _directory = new();

    public void Dispose() => _scene.Dispose();

    private ClientSession Session(int number, params byte[] key)
    {
        ClientSession session = _scene.NewClient();
        session.ProcessNumber = number;
        session.CancelKey = key;
        _directory.Add(session);
        return session;
    }

    [Fact]
    public void Only_number_and_key_together_find_a_session()
    {
        ClientSession session = Session(7, 1, 2, 3, 4);
        Assert.Same(session, _directory.Find(7, [1, 2, 3, 4]));
        Assert.Null(_directory.Find(7, [1, 2, 3, 5]));
        Assert.Null(_directory.Find(7, [1, 2, 3]));
        Assert.Null(_directory.Find(7, [1, 2, 3, 4, 0]));
        Assert.Null(_directory.Find(7, []));
        Assert.Null(_directory.Find(8, [1, 2, 3, 4]));
    }

    [Fact]
    public void Sessions_with_the_same_number_are_told_apart_by_their_keys()
    {
        ClientSession one = Session(7, 1, 1, 1, 1);
        ClientSession other = Session(7, 2, 2, 2, 2);
        ClientSession third = Session(7, CancelDirectory.NewKey(longKey: true));
        Assert.Same(one, _directory.Find(7, [1, 1, 1, 1]));
        Assert.Same(other, _directory.Find(7, [2, 2, 2, 2]));
        Assert.Same(third, _directory.Find(7, third.CancelKey));

        _directory.Remove(one);
        _directory.Remove(one);
        Assert.Null(_directory.Find(7, [1, 1, 1, 1]));
        Assert.Same(other, _directory.Find(7, [2, 2, 2, 2]));
        _directory.Remove(other);
        _directory.Remove(third);
        Assert.Null(_directory.Find(7, third.CancelKey));
    }

    [Fact]
    public void Keys_are_as_long_as_the_protocol_version_has_them_and_differ()
    {
        Assert.Equal(4, CancelDirectory.NewKey(longKey: false).Length);
        Assert.Equal(32, CancelDirectory.NewKey(longKey: true).Length);
        Assert.NotEqual(CancelDirectory.NewKey(longKey: true), CancelDirectory.NewKey(longKey: true));
    }

    [Fact]
    public void Own_numbers_are_positive_differ_and_are_no_process_ids()
    {
        HashSet<int> numbers = [.. Enumerable.Range(0, 10_000).Select(_ => _directory.NextNumber())];
        Assert.Equal(10_000, numbers.Count);
        Assert.All(numbers, number => Assert.True(number > 1 << 22));
    }

    [Fact]
    public void Sessions_that_come_and_go_at_once_do_not_lose_each_other()
    {
        ClientSession[] sessions = [.. Enumerable.Range(0, 8).Select(_ => _scene.NewClient())];
        for (int i = 0; i < sessions.Length; i++)
        {
            sessions[i].ProcessNumber = 7;
            sessions[i].CancelKey = [(byte)i, 0, 0, 0];
        }

        Parallel.ForEach(sessions, session =>
        {
            for (int round = 0; round < 3_000; round++)
            {
                _directory.Add(session);
                Assert.Same(session, _directory.Find(7, session.CancelKey));
                _directory.Remove(session);
                Assert.Null(_directory.Find(7, session.CancelKey));
            }
        });
    }
}
