using Freshet.Core.Policy;
using Freshet.Core.Sql.Analysis;
using Freshet.Server.Feed;
using Freshet.Server.Proxy;
using Freshet.Server.Proxy.Caching;
using Xunit;

namespace Freshet.Tests.Unit.Proxy.Caching;

/// <summary>Which rules, profiles and hints are in force, and who shares a class.</summary>
public sealed class PolicyBookTests
{
    private static readonly PolicyValues Off = new() { Mode = CacheMode.Off };

    [Fact]
    public void Without_rules_and_hint_the_databases_settings_are_in_force()
    {
        using var scene = new PolicyScene();
        var policy = scene.Policy("select id from item");

        Assert.Equal((CacheMode.Session, TimeSpan.FromSeconds(60)), (policy.Mode, policy.MaxAge));
        Assert.Equal(TimeSpan.Zero, policy.RefreshAhead);
        Assert.Equal("the database's settings", policy.Origin);
        Assert.Null(policy.Profile);
    }

    [Fact]
    public void Each_step_goes_before_those_in_front_of_it_and_tags_add_up()
    {
        using var scene = new PolicyScene(
            new PolicyRule
            {
                Name = "rule 1",
                Profile = "players",
                Values = new PolicyValues { MaxAge = TimeSpan.FromSeconds(500), Tags = ["rule"] },
            });

        var policy = scene.Policy("select id from item");
        Assert.Equal((CacheMode.Session, 500, 180, 86_400, 180), Times(policy));
        Assert.Equal(["players", "rule"], policy.Tags);
        Assert.Equal(("rule 1 (profile players)", "players"), (policy.Origin, policy.Profile));

        policy = scene.Policy("/* freshet: mode=bounded stale_if_error=7 tags=hint,rule */ select id from item");
        Assert.Equal((CacheMode.Bounded, 500, 180, 7, 180), Times(policy));
        Assert.Equal(["players", "rule", "hint"], policy.Tags);
        Assert.Equal("rule 1 (profile players), hint", policy.Origin);

        policy = scene.Policy("/* freshet: profile=liveGames max_age=31 key=a:1 */ select id from item");
        Assert.Equal((CacheMode.Session, 31, 10, 60, 5), Times(policy));
        Assert.Equal(["players", "rule", "games", "live"], policy.Tags);
        Assert.Equal(("liveGames", "a:1"), (policy.Profile, policy.Key));
        Assert.Equal("rule 1 (profile players), hint (profile liveGames)", policy.Origin);
    }

    [Fact]
    public void A_hint_that_only_gives_names_is_not_where_mode_and_times_come_from()
    {
        using var scene = new PolicyScene();
        var policy = scene.Policy("/* freshet: tags=a key=b */ select id from item");
        Assert.Equal("the database's settings", policy.Origin);
        Assert.Equal(["a"], policy.Tags);
    }

    [Fact]
    public void A_profile_that_is_not_there_is_ignored_and_told()
    {
        using var scene = new PolicyScene();
        var policy = scene.Policy("/* freshet: profile=nobody max_age=5 what */ select id from item");

        Assert.Equal(TimeSpan.FromSeconds(5), policy.MaxAge);
        Assert.Null(policy.Profile);
        Assert.Equal(["what", "profile=nobody (there is no such profile)"], policy.HintErrors);
        Assert.Equal("hint", policy.Origin);
    }

    [Fact]
    public void Labels_are_those_of_all_steps()
    {
        using var scene = new PolicyScene(new PolicyRule { Name = "rule 1", Profile = "teams" });
        var statement = scene.Statement("/* freshet: tags=x key=k */ select id from item");
        scene.Database.Policies.ClassOf("app", "").For(statement);

        Assert.Equal(
            ["Key k", "Profile teams", "Tag teams", "Tag x"],
            statement.Labels.Select(label => $"{label.Kind} {label.Name}").Order(StringComparer.Ordinal));
    }

    [Fact]
    public void Refreshing_ahead_begins_when_half_of_the_age_has_passed_at_the_earliest_where_it_would_be_all_of_it()
    {
        using var scene = new PolicyScene();
        Assert.Equal((CacheMode.Session, 4, 180, 86_400, 2), Times(
            scene.Policy("/* freshet: profile=players max_age=4 */ select id from item")));
    }

    [Theory]
    [InlineData("item", "select id from item", true)]
    [InlineData("public.item", "select id from item", true)]
    [InlineData("archive.item", "select id from item", false)]
    [InlineData("archive.item", "select id from archive.item", true)]
    [InlineData("item", "select id from archive.item", true)]
    [InlineData("item", "select 1 from note join item on true", true)]
    [InlineData("item", "select 1", false)]
    [InlineData("part", "select id from part", true)]
    [InlineData("part", "select id from part_one", true)]
    [InlineData("part_one", "select id from part", true)]
    [InlineData("part", "select id from items", true)]
    [InlineData("items", "select id from items", false)] // a view: the tables behind it are meant
    [InlineData("nothing", "select id from item", false)]
    public void A_table_is_found_with_its_parts_and_behind_views(string table, string sql, bool matches)
    {
        using var scene = new PolicyScene(new PolicyRule { Name = "rule 1", Table = table, Values = Off });
        Assert.Equal(matches, scene.Policy(sql).Mode == CacheMode.Off);
    }

    [Fact]
    public void A_table_is_looked_up_in_the_definitions_of_now()
    {
        using var scene = new PolicyScene(new PolicyRule { Name = "rule 1", Table = "item", Values = Off });
        Assert.Equal(CacheMode.Off, scene.Policy("select id from item").Mode);
        var item = scene.Statement("select id from item");
        scene.Database.Catalog = new Freshet.Core.Catalog.CatalogSnapshot(new(), 0, []);
        Assert.Equal(CacheMode.Session, scene.Database.Policies.ClassOf("app", "").For(item).Mode);
    }

    [Fact]
    public void Every_condition_must_hold_and_the_first_rule_that_matches_wins()
    {
        var fingerprint = StatementFacts.Read("select id from item where id = 5"u8, true).Fingerprint;
        using var scene = new PolicyScene(
            new PolicyRule
            {
                Name = "rule 1",
                User = "app",
                Application = "web",
                Fingerprint = fingerprint,
                Values = Off,
            },
            new PolicyRule { Name = "rule 2", User = "app", Table = "item", Profile = "trends" },
            new PolicyRule { Name = "rule 3", Application = "web", Profile = "teams" });
        const string Sql = "select id  from item where ID = 7";

        Assert.Equal("rule 1", scene.Policy(Sql, "app", "web").Origin);
        Assert.Equal("rule 2 (profile trends)", scene.Policy("select id from item", "app", "web").Origin);
        Assert.Equal("rule 2 (profile trends)", scene.Policy(Sql, "app", "shell").Origin);
        Assert.Equal("rule 3 (profile teams)", scene.Policy(Sql, "other", "web").Origin);
        Assert.Equal("the database's settings", scene.Policy(Sql, "other").Origin);
        Assert.Equal("the database's settings", scene.Policy("select id from note", "app").Origin);
    }

    [Fact]
    public void Clients_to_whom_the_same_rules_could_apply_share_a_class()
    {
        using var scene = new PolicyScene(
            new PolicyRule { Name = "rule 1", Application = "web", Table = "item", Values = Off },
            new PolicyRule { Name = "rule 2", User = "app", Values = Off },
            new PolicyRule { Name = "rule 3", Application = "web", Values = Off }); // never looked at for app
        var book = scene.Database.Policies;

        var first = book.ClassOf("other", "0");
        for (var i = 1; i < 10_000; i++)
        {
            Assert.Same(first, book.ClassOf("other", $"{i}"));
        }

        Assert.Equal(1, book.Count);
        Assert.Same(book.ClassOf("app", "x"), book.ClassOf("app", "y"));
        Assert.NotSame(book.ClassOf("app", "x"), book.ClassOf("app", "web"));
        book.ClassOf("other", "web");
        Assert.Equal(4, book.Count);
    }

    [Fact]
    public void However_many_rules_there_are_the_classes_are_bounded()
    {
        var rules = Enumerable.Range(0, 1_000).Select(i => new PolicyRule
        {
            Name = $"rule {i + 1}",
            User = i < 500 ? $"{i}" : null,
            Application = i < 500 ? null : $"{i - 500}",
            Table = "item",
            Values = Off,
        });
        using var scene = new PolicyScene([.. rules]);
        for (var i = 0; i < 2_500; i++)
        {
            scene.Database.Policies.ClassOf($"{i % 500}", $"{i / 5}");
        }

        Assert.InRange(scene.Database.Policies.Count, 1, 1_000);
    }

    [Fact]
    public void A_reload_is_in_force_at_once()
    {
        using var scene = new PolicyScene(new PolicyRule { Name = "rule 1", Values = Off });
        var before = scene.Database.Policies.ClassOf("app", "");
        Assert.True(before.IsCurrent);

        scene.Database.Settings = scene.Database.Settings with { Rules = [] };

        Assert.False(before.IsCurrent);
        Assert.Equal(CacheMode.Session, scene.Policy("select id from item").Mode);
        Assert.Equal(1, scene.Database.Policies.Count);
    }

    [Fact]
    public void A_policy_that_was_made_is_had_again_without_allocating()
    {
        using var scene = new PolicyScene(new PolicyRule { Name = "rule 1", Table = "item", Profile = "teams" });
        var statement = scene.Statement("select id from item");
        var policies = scene.Database.Policies.ClassOf("app", "");
        var first = policies.For(statement);

        var same = true;
        Assert.Equal(0, Allocations.Least(() =>
        {
            for (var i = 0; i < 1_000; i++)
            {
                same &= policies.IsCurrent && ReferenceEquals(first, policies.For(statement));
            }
        }));
        Assert.True(same);
    }

    [Fact]
    public void A_rule_for_a_table_that_is_not_there_is_logged_once()
    {
        using var scene = new PolicyScene(
            new PolicyRule { Name = "rule 1", Table = "gone", Values = Off },
            new PolicyRule { Name = "rule 2", Table = "items", Values = Off });
        var log = new Lines();
        var check = new RuleCheck(scene.Database, log);
        check.Check();
        check.Check();

        Assert.Equal(
            "Warning: cache shop: rule 1 matches no statement: there is no table \"gone\" in database \"shop\"; "
            + "rule 2 matches no statement: \"public.items\" is a view: name the tables behind it",
            Assert.Single(log.Written));
    }

    private static (CacheMode, double, double, double, double) Times(ResultPolicy policy) =>
        (policy.Mode, policy.MaxAge.TotalSeconds, policy.StaleWhileRevalidate.TotalSeconds,
            policy.StaleIfError.TotalSeconds, policy.RefreshAhead.TotalSeconds);

    private sealed class Lines : IProxyLog
    {
        public List<string> Written { get; } = [];

        public void Write(ProxyLogLevel level, string message) => Written.Add($"{level}: {message}");
    }
}
