using Freshet.Server.Proxy.Relay;
using FsCheck;
using FsCheck.Fluent;
using Xunit;

namespace Freshet.Tests.Unit.Proxy.Relay;

public sealed class ExpectedQueueTests
{
    private static ExpectedResponse Request(int number) =>
        new((ExpectedKind)(number % 9), number % 5 == 0 ? ExpectedFlags.Local : ExpectedFlags.None, number);

    [Fact]
    public void It_behaves_as_a_plain_queue_whatever_is_added_and_taken() =>
        Prop.ForAll<int[]>(commands =>
        {
            var queue = new ExpectedQueue();
            var model = new Queue<ExpectedResponse>();
            int number = 0;
            foreach (int command in commands.Concat(commands).Concat(commands))
            {
                switch (Math.Abs(command % 8))
                {
                    case < 5:
                        queue.Add(Request(number));
                        model.Enqueue(Request(number++));
                        break;
                    case < 7 when model.Count > 0:
                        Assert.Equal(model.Peek(), queue.Front);
                        Assert.Equal(model.Dequeue(), queue.Take());
                        break;
                    case 7:
                        int syncs = model.Count(request => request.Kind == ExpectedKind.Sync);
                        Assert.Equal(syncs, queue.RemoveSyncs(out bool ended));
                        Assert.False(ended);
                        model = new(model.Where(request => request.Kind != ExpectedKind.Sync));
                        break;
                }

                Assert.Equal(model.Count, queue.Count);
                Assert.Equal(model.Count > 0 && model.All(request => request.Local), queue.OnlyLocal);
            }

            while (model.TryDequeue(out ExpectedResponse request))
            {
                Assert.Equal(request, queue.Take());
            }
        }).QuickCheckThrowOnFailure();

    [Fact]
    public void Only_the_Syncs_before_the_end_of_the_copy_are_removed()
    {
        var queue = new ExpectedQueue();
        foreach (ExpectedKind kind in (ReadOnlySpan<ExpectedKind>)
            [ExpectedKind.Execute, ExpectedKind.Sync, ExpectedKind.CopyEnd, ExpectedKind.Sync, ExpectedKind.CopyEnd])
        {
            queue.Add(new ExpectedResponse(kind, ExpectedFlags.None, null));
        }

        Assert.Equal(1, queue.RemoveSyncs(out bool ended));
        Assert.True(ended);
        Assert.Equal(ExpectedKind.Execute, queue.Take().Kind);
        Assert.Equal(ExpectedKind.Sync, queue.Take().Kind);
        Assert.Equal(ExpectedKind.CopyEnd, queue.Take().Kind);
        Assert.Equal(0, queue.Count);
    }

    [Fact]
    public void It_grows_in_the_middle_of_its_ring_and_keeps_the_order()
    {
        var queue = new ExpectedQueue();
        for (int i = 0; i < 5; i++)
        {
            queue.Add(Request(i));
            queue.Take();
        }

        for (int i = 0; i < 10_000; i++)
        {
            queue.Add(Request(i));
        }

        for (int i = 0; i < 10_000; i++)
        {
            Assert.Equal(i, queue.Take().Reference);
        }

        queue.Shrink();
        queue.Add(Request(1));
        queue.Shrink();
        Assert.Equal(1, queue.Front.Reference);
        Assert.Equal(1, queue.Count);
    }

    [Fact]
    public void What_was_taken_is_not_kept_alive()
    {
        var queue = new ExpectedQueue();
        WeakReference reference = AddAndTake(queue);
        GC.Collect();
        GC.WaitForPendingFinalizers();
        GC.Collect();
        Assert.False(reference.IsAlive);
        Assert.Equal(0, queue.Count);
    }

    [System.Runtime.CompilerServices.MethodImpl(System.Runtime.CompilerServices.MethodImplOptions.NoInlining)]
    private static WeakReference AddAndTake(ExpectedQueue queue)
    {
        object held = new();
        queue.Add(new ExpectedResponse(ExpectedKind.Bind, ExpectedFlags.None, held));
        queue.Take();
        return new WeakReference(held);
    }
}
