using System.Text;
using Freshet.Server.Proxy.Statements;
using Freshet.Tests.Unit.Proxy.Relay;
using FsCheck;
using FsCheck.Fluent;
using Xunit;

namespace Freshet.Tests.Unit.Proxy.Statements;

public sealed class PreparedStatementsTests
{
    private static readonly StatementEntry[] s_entries =
        [.. Enumerable.Range(1, 8).Select(i => AnswerScript.Entry($"select {i}", (ulong)i))];

    [Fact]
    public void The_least_recently_used_statement_of_a_server_makes_room() =>
        Prop.ForAll<int[]>(uses =>
        {
            const int Most = 4;
            var statements = new ServerStatements();
            List<StatementEntry> model = [];
            foreach (int use in uses)
            {
                StatementEntry entry = s_entries[(use & int.MaxValue) % s_entries.Length];
                bool there = model.Remove(entry);
                Assert.Equal(there, statements.Touch(entry));
                if (!there)
                {
                    StatementEntry? evicted = statements.TakeEvicted(Most);
                    Assert.Same(model.Count < Most ? null : model[^1], evicted);
                    _ = evicted is not null && model.Remove(evicted);
                    statements.Add(entry);
                }

                model.Insert(0, entry);
                Assert.Equal(model.Count, statements.Count);
                Assert.InRange(statements.Count, 1, Most);
            }
        }).QuickCheckThrowOnFailure();

    [Fact]
    public void A_statement_added_twice_or_removed_twice_counts_once()
    {
        var statements = new ServerStatements();
        statements.Add(s_entries[0]);
        statements.Add(s_entries[0]);
        Assert.Equal(1, statements.Count);
        statements.Remove(s_entries[0]);
        statements.Remove(s_entries[0]);
        Assert.Equal(0, statements.Count);
        Assert.False(statements.Touch(s_entries[0]));
        Assert.Null(statements.TakeEvicted(0));
    }

    [Fact]
    public void Clear_forgets_everything()
    {
        var ofServer = new ServerStatements { Unnamed = s_entries[0], Sql = new(StringComparer.Ordinal) };
        ofServer.Add(s_entries[1]);
        ofServer.Clear();
        Assert.Equal(0, ofServer.Count);
        Assert.Null(ofServer.Unnamed);
        Assert.Null(ofServer.Sql);

        var ofClient = new ClientStatements { Unnamed = s_entries[0] };
        ofClient.Add(new ClientStatement("a"u8.ToArray(), s_entries[1]));
        ofClient.Clear();
        Assert.Equal(0, ofClient.Count);
        Assert.Null(ofClient.Unnamed);
    }

    [Fact]
    public void A_clients_statement_is_found_by_its_name_byte_for_byte()
    {
        var statements = new ClientStatements();
        var statement = new ClientStatement(Encoding.UTF8.GetBytes("É"), s_entries[0]);
        statements.Add(statement);
        Assert.Same(statement, statements.Find(Encoding.UTF8.GetBytes("É")));
        Assert.Null(statements.Find(Encoding.UTF8.GetBytes("é")));
        Assert.Null(statements.Find(default));
    }

    [Fact]
    public void Removing_a_statement_leaves_a_later_one_of_its_name()
    {
        var statements = new ClientStatements();
        var first = new ClientStatement("a"u8.ToArray(), s_entries[0]);
        var second = new ClientStatement("a"u8.ToArray(), s_entries[1]);
        statements.Add(first);
        statements.Add(second);
        statements.Remove(first);
        Assert.Same(second, statements.Find("a"u8));
        statements.Remove(second);
        Assert.Null(statements.Find("a"u8));
    }

    [Fact]
    public void Statements_of_SQL_count_as_well()
    {
        var statements = new ClientStatements { Sql = new(StringComparer.Ordinal) { ["x"] = [] } };
        statements.Add(new ClientStatement("a"u8.ToArray(), s_entries[0]));
        Assert.Equal(2, statements.Count);
    }
}
