using System.Globalization;
using System.Text;
using Freshet.Core.Sql;
using Freshet.Server.Proxy.Statements;
using Xunit;

namespace Freshet.Tests.Unit.Proxy.Statements;

public sealed class StatementCacheTests
{
    private static byte[] Body(string sql) => Encoding.UTF8.GetBytes(sql + "\0\0\0");

    private static byte[] Body(int number) => Body("select " + number.ToString(CultureInfo.InvariantCulture));

    [Fact]
    public void The_same_content_is_one_entry_with_one_name()
    {
        var cache = new StatementCache();
        StatementEntry one = cache.GetOrAdd(Body("select 1"), 1, 1_000);
        Assert.Same(one, cache.GetOrAdd(Body("select 1"), 2, 1_000));
        StatementEntry other = cache.GetOrAdd(Body("select 2"), 3, 1_000);
        Assert.NotSame(one, other);
        Assert.NotEqual(one.ServerName, other.ServerName);
        Assert.Equal("select 1"u8, one.Text);
        Assert.Equal(2, cache.Count);
    }

    [Fact]
    public void Parameter_types_belong_to_the_content()
    {
        var cache = new StatementCache();
        Assert.NotSame(
            cache.GetOrAdd("select $1\0\0\u0001\0\0\0\u0017"u8, 1, 9_999),
            cache.GetOrAdd("select $1\0\0\u0001\0\0\0\u0019"u8, 1, 9_999));
    }

    [Fact]
    public void A_text_is_judged_under_either_value_of_standard_conforming_strings()
    {
        StatementEntry entry = new StatementCache().GetOrAdd(Body(@"select '\'; listen a; --'"), 1, 9_999);
        Assert.True((entry.Traits & StatementTraits.Listen) != 0);
        Assert.Equal(StatementTraits.None, new StatementCache().GetOrAdd(Body("select 1"), 1, 9_999).Traits);
    }

    [Fact]
    public void Its_bytes_are_bounded_and_the_least_recently_used_go_first()
    {
        const long Most = 10_000;
        var cache = new StatementCache();
        StatementEntry favourite = cache.GetOrAdd(Body("select favourite"), 0, Most);
        for (int i = 1; i <= 1_000; i++)
        {
            cache.GetOrAdd(Body(i), i, Most);
            Assert.Same(favourite, cache.GetOrAdd(Body("select favourite"), i, Most));
            Assert.InRange(cache.Bytes, 1, Most);
        }

        StatementEntry recent = cache.GetOrAdd(Body(1_000), 1_001, Most);
        Assert.Same(recent, cache.GetOrAdd(Body(1_000), 1_002, Most));
        int before = cache.Count;
        cache.GetOrAdd(Body(1), 1_003, long.MaxValue);
        Assert.Equal(before + 1, cache.Count); // the old one had fallen out
    }

    [Fact]
    public void An_entry_beyond_the_whole_budget_still_works_for_the_one_who_asked()
    {
        var cache = new StatementCache();
        StatementEntry entry = cache.GetOrAdd(Body(new string('x', 5_000)), 1, 1_000);
        Assert.Equal(5_000, entry.Text.Length);
        Assert.Equal(0, cache.Count);
        Assert.Equal(0, cache.Bytes);
    }

    [Fact]
    public void Many_threads_share_entries_and_the_count_of_bytes_stays_right()
    {
        var cache = new StatementCache();
        var names = new System.Collections.Concurrent.ConcurrentDictionary<string, int>(StringComparer.Ordinal);
        Parallel.For(0, 4, thread =>
        {
            var random = new Random(thread);
            for (int i = 0; i < 20_000; i++)
            {
                int number = random.Next(500);
                StatementEntry entry = cache.GetOrAdd(Body(number), i, 40_000);
                Assert.True(entry.Body.AsSpan().SequenceEqual(Body(number)));
                int first = names.GetOrAdd(Encoding.ASCII.GetString(entry.ServerName), number);
                Assert.Equal(number, first); // a name never stands for two contents
            }
        });
        long bytes = 0;
        for (int number = 0; number < 500; number++)
        {
            bytes += cache.GetOrAdd(Body(number), 1, long.MaxValue).Body.Length + 200;
        }

        Assert.Equal(500, cache.Count);
        Assert.Equal(bytes, cache.Bytes);
    }
}
