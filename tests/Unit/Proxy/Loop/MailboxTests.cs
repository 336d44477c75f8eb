using Freshet.Server.Proxy.Loop;
using Xunit;

namespace Freshet.Tests.Unit.Proxy.Loop;

public sealed class MailboxTests
{
    [Fact]
    public void Many_producers_lose_no_letter_and_the_descriptor_tells_of_each()
    {
        const int Producers = 4, Letters = 20_000;
        using var mailbox = new Mailbox();
        int[] read = new int[Producers];
        Thread[] threads = [.. Enumerable.Range(0, Producers).Select(index => new Thread(() =>
        {
            for (int i = 0; i < Letters; i++)
            {
                mailbox.Post(() => read[index]++);
            }
        }))];
        Array.ForEach(threads, thread => thread.Start());
        while (read.Sum() < Producers * Letters)
        {
            // A lost wake-up shows itself as a descriptor that never becomes readable again.
            Assert.True(IsReadable(mailbox, milliseconds: 30_000), "a wake-up was lost");
            mailbox.Clear();
            while (mailbox.TryTake(out Action letter))
            {
                letter();
            }
        }

        Array.ForEach(threads, thread => thread.Join());
        Assert.All(read, count => Assert.Equal(Letters, count));
        Assert.False(mailbox.TryTake(out _));
    }

    [Fact]
    public void Several_letters_are_one_wake_up()
    {
        using var mailbox = new Mailbox();
        Assert.False(IsReadable(mailbox, milliseconds: 0));
        mailbox.Post(static () => { });
        mailbox.Post(static () => { });
        Assert.True(IsReadable(mailbox, milliseconds: 0));
        mailbox.Clear();
        Assert.False(IsReadable(mailbox, milliseconds: 0));
        Assert.True(mailbox.TryTake(out _));
        Assert.True(mailbox.TryTake(out _));
        mailbox.Post(static () => { });
        Assert.True(IsReadable(mailbox, milliseconds: 0));
    }

    private static unsafe bool IsReadable(Mailbox mailbox, int milliseconds)
    {
        int epoll = Native.epoll_create1(Native.EpollCloexec);
        byte* entry = stackalloc byte[16];
        *(uint*)entry = Native.EpollIn;
        Assert.Equal(0, Native.epoll_ctl(epoll, Native.EpollCtlAdd, mailbox.Descriptor, entry));
        int ready = Native.epoll_wait(epoll, entry, 1, milliseconds);
        _ = Native.close(epoll);
        return ready == 1;
    }
}
