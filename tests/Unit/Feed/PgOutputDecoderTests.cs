using System.Buffers.Text;
using Freshet.Core.Consistency;
using Freshet.Server.Feed;
using Freshet.Server.Feed.Replication;
using Xunit;

namespace Freshet.Tests.Unit.Feed;

public sealed class PgOutputDecoderTests
{
    private const uint Table = 16_400;

    private readonly Freshness _freshness = new();

    [Fact]
    public void A_transaction_is_told_at_its_commit_with_its_keys()
    {
        StreamedCommit commit = Assert.Single(Decode(
            PgOutput.Begin(77),
            PgOutput.Relation(Table, 'd', "id*", "name"),
            PgOutput.Insert(Table, "1", "a"),
            PgOutput.Update(Table, null, ["2", "b"]),
            PgOutput.Update(Table, ["3", null], ["4", "c"]),
            PgOutput.Delete(Table, "5", null),
            PgOutput.Commit(1000, 123_000_000)));
        Assert.Equal(new TransactionId(77), commit.Transaction);
        Assert.Equal(new Lsn(1000), commit.End);
        Assert.Equal(new DateTimeOffset(2000, 1, 1, 0, 2, 3, TimeSpan.Zero), commit.CommittedAt);
        Assert.False(commit.ChangesSchema);
        Assert.All(commit.Changes, change => Assert.False(change.IsWhole));
        Assert.Equal([1UL, 2UL, 3UL, 4UL, 5UL], commit.Changes.Select(change => change.KeyHash).Order());
    }

    [Fact]
    public void What_has_no_single_known_key_counts_for_the_whole_table()
    {
        (byte[] Relation, byte[] Change)[] cases =
        [
            (PgOutput.Relation(Table, 'd', "a*", "b*"), PgOutput.Insert(Table, "1", "2")),
            (PgOutput.Relation(Table, 'i', "a*"), PgOutput.Insert(Table, "1")),
            (PgOutput.Relation(Table, 'f', "a*"), PgOutput.Insert(Table, "1")),
            (PgOutput.Relation(Table, 'd', "a*"), PgOutput.Insert(Table, "not a number")),
            (PgOutput.Relation(Table, 'd', "a*"), PgOutput.Update(Table, null, ["unchanged"])),
            (PgOutput.Relation(Table, 'd', "a*"), PgOutput.Insert(Table, (string?)null)),
            (PgOutput.Relation(Table, 'f', "a*"), PgOutput.Update(Table, ["1"], ["2"], 'O')),
            (PgOutput.Relation(Table, 'd', "a*"), PgOutput.Truncate(Table)),
        ];
        foreach (var (relation, change) in cases)
        {
            StreamedCommit commit = Assert.Single(
                Decode(PgOutput.Begin(1), relation, change, PgOutput.Commit(10)));
            Assert.True(Assert.Single(commit.Changes).IsWhole);
        }
    }

    [Fact]
    public void Many_keys_become_the_whole_table_and_the_next_transaction_begins_anew()
    {
        var decoder = new PgOutputDecoder(_freshness.Table, Hash);
        Take(decoder, PgOutput.Begin(1), PgOutput.Relation(Table, 'd', "id*"));
        for (int i = 0; i < TouchedTables.MostKeys; i++)
        {
            Take(decoder, PgOutput.Insert(Table, $"{i}"), PgOutput.Insert(Table, $"{i}"));
        }

        StreamedCommit exact = Take(decoder, PgOutput.Commit(10))!;
        Assert.Equal(TouchedTables.MostKeys, exact.Changes.Length);
        Take(decoder, PgOutput.Begin(2));
        for (int i = 0; i <= TouchedTables.MostKeys + 5; i++)
        {
            Take(decoder, PgOutput.Insert(Table, $"{i}"));
        }

        Assert.True(Assert.Single(Take(decoder, PgOutput.Commit(20))!.Changes).IsWhole);
        Take(decoder, PgOutput.Begin(3), PgOutput.Insert(Table, "9"));
        Assert.Equal(9UL, Assert.Single(Take(decoder, PgOutput.Commit(30))!.Changes).KeyHash);
        Take(decoder, PgOutput.Begin(4));
        Assert.Empty(Take(decoder, PgOutput.Commit(40))!.Changes);
    }

    [Fact]
    public void A_cut_row_counts_for_its_whole_table()
    {
        var decoder = new PgOutputDecoder(_freshness.Table, Hash);
        Take(decoder, PgOutput.Begin(1), PgOutput.Relation(Table, 'd', "id*"));
        Assert.Null(decoder.Take(PgOutput.Insert(Table, "1").AsSpan(0, 8), isCut: true));
        Assert.True(Assert.Single(Take(decoder, PgOutput.Commit(10))!.Changes).IsWhole);
    }

    [Fact]
    public void A_relation_that_differs_changes_the_schema_and_one_that_is_repeated_does_not()
    {
        var decoder = new PgOutputDecoder(_freshness.Table, Hash);
        byte[][] relations =
        [
            PgOutput.Relation(Table, 'd', "id*"),
            PgOutput.Relation(Table, 'd', "id*"),
            PgOutput.Relation(Table, 'd', "id*", "name"),
            PgOutput.Relation(Table, 'd', "number*", "name"),
            PgOutput.Relation(Table, 'f', "number*", "name"),
            PgOutput.Relation(Table, 'f', "number*", "name"),
        ];
        bool[] expected = [false, false, true, true, true, false];
        for (int i = 0; i < relations.Length; i++)
        {
            Take(decoder, PgOutput.Begin(1), relations[i]);
            Assert.Equal(expected[i], Take(decoder, PgOutput.Commit((ulong)i + 1))!.ChangesSchema);
        }
    }

    [Fact]
    public void A_schema_message_counts_with_its_transaction_or_at_once()
    {
        var decoder = new PgOutputDecoder(_freshness.Table, Hash);
        Take(decoder, PgOutput.Begin(1), PgOutput.Message("freshet.schema", isTransactional: true));
        Assert.False(decoder.SchemaMessageSeen);
        Assert.True(Take(decoder, PgOutput.Commit(1))!.ChangesSchema);
        Take(decoder, PgOutput.Begin(1), PgOutput.Message("other", isTransactional: true));
        Assert.False(Take(decoder, PgOutput.Commit(2))!.ChangesSchema);
        Take(decoder, PgOutput.Message("freshet.flush", isTransactional: false));
        Assert.False(decoder.SchemaMessageSeen);
        Take(decoder, PgOutput.Message("freshet.schema", isTransactional: false));
        Assert.True(decoder.SchemaMessageSeen);
    }

    [Fact]
    public void What_cannot_be_is_a_protocol_violation()
    {
        byte[] relation = PgOutput.Relation(Table, 'd', "id*");
        byte[][][] scripts =
        [
            [[]],
            [[(byte)'?']],
            [PgOutput.Commit(1)],
            [PgOutput.Begin(1), PgOutput.Begin(1)],
            [PgOutput.Begin(1), PgOutput.Insert(Table, "1")],
            [PgOutput.Begin(1), PgOutput.Truncate(Table)],
            [relation, PgOutput.Insert(Table, "1")],
            [PgOutput.Begin(1), relation, PgOutput.Insert(Table, "1", "2")],
            [PgOutput.Begin(1), relation, [.. PgOutput.Insert(Table, "1"), 0]],
            [PgOutput.Begin(1), relation, PgOutput.Insert(Table, "1")[..^1]],
            [PgOutput.Begin(1), relation, [(byte)'D', .. PgOutput.Insert(Table, "1")[1..]]],
            [PgOutput.Begin(1), PgOutput.Commit(5), PgOutput.Begin(2), PgOutput.Commit(5)],
            [PgOutput.Begin(1), [(byte)'T', 0x7f, 0xff, 0xff, 0xff, 0]],
            [relation[..^2]],
        ];
        foreach (byte[][] script in scripts)
        {
            FeedException failure = Assert.Throws<FeedException>(() => Decode(script));
            Assert.Equal(FeedFailure.ProtocolViolation, failure.Failure);
        }
    }

    /// <summary>Random bytes and broken messages: only ever the typed failure, and no transaction of nothing.</summary>
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void Garbage_is_refused_and_never_crashes(int seed)
    {
        var random = new Random(seed);
        byte[][] samples =
        [
            PgOutput.Begin(1),
            PgOutput.Commit(9),
            PgOutput.Relation(Table, 'd', "id*", "b"),
            PgOutput.Insert(Table, "1", "2"),
            PgOutput.Update(Table, ["1", null], ["2", "3"]),
            PgOutput.Delete(Table, "1", null),
            PgOutput.Truncate(Table, 1),
            PgOutput.Message("freshet.schema", true),
        ];
        int refused = 0, taken = 0;
        for (int round = 0; round < 20_000; round++)
        {
            var decoder = new PgOutputDecoder(_freshness.Table, Hash);
            try
            {
                for (int i = 0; i < 6; i++)
                {
                    byte[] message = [.. samples[random.Next(samples.Length)]];
                    if (random.Next(3) == 0)
                    {
                        message[random.Next(message.Length)] = (byte)random.Next(256);
                        message = message[..random.Next(message.Length + 1)];
                    }

                    decoder.Take(message, isCut: random.Next(5) == 0);
                    taken++;
                }
            }
            catch (FeedException failure)
            {
                Assert.Equal(FeedFailure.ProtocolViolation, failure.Failure);
                refused++;
            }
        }

        Assert.True(refused > 1000 && taken > 1000);
    }

    internal static bool Hash(uint typeOid, ReadOnlySpan<byte> text, out ulong hash) =>
        Utf8Parser.TryParse(text, out hash, out int used) && used == text.Length && typeOid == 23;

    private static StreamedCommit? Take(PgOutputDecoder decoder, params byte[][] messages)
    {
        StreamedCommit? last = null;
        foreach (byte[] message in messages)
        {
            last = decoder.Take(message, isCut: false);
        }

        return last;
    }

    private List<StreamedCommit> Decode(params byte[][] messages)
    {
        var decoder = new PgOutputDecoder(_freshness.Table, Hash);
        return [.. messages.Select(message => decoder.Take(message, isCut: false)).OfType<StreamedCommit>()];
    }
}
