using System.Text.RegularExpressions;
using Freshet.Server.Demo.Sample;
using Freshet.Server.Demo.Traffic;
using Xunit;

namespace Freshet.Tests.Unit.Demo;

public sealed class TrafficScriptTests
{
    [Fact]
    public void The_same_worker_of_the_same_round_asks_the_same()
    {
        Assert.Equal(Requests(1, 7), Requests(1, 7));
        Assert.NotEqual(Requests(1, 7), Requests(1, 8), StringComparer.Ordinal);
        Assert.NotEqual(Requests(1, 7), Requests(2, 7), StringComparer.Ordinal);
    }

    [Fact]
    public void Every_kind_of_request_of_every_application_occurs()
    {
        var random = new SeededRandom(1);
        var all = SampleDatabase.Applications
            .SelectMany(application => application.Requests)
            .Select(request => request.Make(random).Kind)
            .ToHashSet(StringComparer.Ordinal);
        var script = new TrafficScript(TrafficPattern.Persistent, 1, 1);
        var met = Enumerable.Range(0, 2_000).Select(_ => script.Next().Kind).ToHashSet(StringComparer.Ordinal);
        Assert.Equal(all, met);
    }

    [Fact]
    public void Shares_add_up_to_a_hundred()
    {
        Assert.All(
            SampleDatabase.Applications,
            application => Assert.Equal(100, application.Requests.Sum(request => request.Share)));
    }

    [Fact]
    public void Statements_have_a_parameter_for_every_placeholder()
    {
        var script = new TrafficScript(TrafficPattern.ConnectPerVisit, 1, 1);
        var statements = Enumerable.Range(0, 2_000).SelectMany(_ => script.Next().Statements);
        Assert.All(statements, statement =>
        {
            var placeholders = Regex.Matches(statement.Sql, @"\$\d", RegexOptions.None, TimeSpan.FromSeconds(1))
                .Select(match => match.Value)
                .Distinct(StringComparer.Ordinal);
            Assert.Equal(statement.Parameters.Length, placeholders.Count());
        });
    }

    [Fact]
    public void Visits_make_three_to_eight_requests()
    {
        var script = new TrafficScript(TrafficPattern.ConnectPerVisit, 1, 1);
        var lengths = Enumerable.Range(0, 500).Select(_ => script.NextVisit()).Distinct().Order();
        Assert.Equal([3, 4, 5, 6, 7, 8], lengths);
    }

    [Fact]
    public void The_sample_has_at_least_half_a_million_rows() => Assert.True(SampleDatabase.Rows >= 500_000);

    private static string Requests(int round, int worker)
    {
        var script = new TrafficScript(TrafficPattern.ConnectPerVisit, round, worker);
        return string.Join('\n', Enumerable.Range(0, 50)
            .SelectMany(_ => script.Next().Statements)
            .Select(statement => $"{statement.Sql} {string.Join(',', statement.Parameters)}"));
    }
}
