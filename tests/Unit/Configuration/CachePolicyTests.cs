using Freshet.Core.Policy;
using Freshet.Server.Configuration;
using Freshet.Server.Proxy.Settings;
using Xunit;

namespace Freshet.Tests.Unit.Configuration;

/// <summary><c>cache.profiles</c> and <c>cache.rules</c>.</summary>
public sealed class CachePolicyTests
{
    private const string EveryKey = """
        {
          "cache": {
            "profiles": {
              "board": { "mode": "bounded", "maxAge": "10s", "staleWhileRevalidate": 2, "staleIfError": "1m",
                         "refreshAhead": "3s", "tags": ["board", "live"] },
              "teams": { "maxAge": "5m" },
            },
            "rules": [
              { "user": "app", "application": "", "table": "public.item", "fingerprint": "00000000000000Ff",
                "profile": "board", "mode": "strict", "maxAge": "11s", "staleWhileRevalidate": "12s",
                "staleIfError": "13s", "refreshAhead": "4s", "tags": "a, b" },
              { "profile": "players" },
            ],
          },
          "databases": {
            "own": { "host": "h", "cache": { "rules": [{ "mode": "off" }] } },
            "none": { "host": "h", "cache": { "rules": [] } },
            "*": { "host": "h" },
          },
          "users": { "app": { "password": "y" } },
        }
        """;

    [Fact]
    public void Every_key_of_a_rule_and_of_a_profile_reaches_the_snapshot()
    {
        var cache = LoadedText.From(EveryKey).Good.Proxy.AnyDatabase!.Cache;

        Assert.Equal(
            new PolicyRule
            {
                Name = "rule 1",
                User = "app",
                Application = "",
                Table = "public.item",
                Fingerprint = 255,
                Profile = "board",
                Values = Values(CacheMode.Strict, 11, 12, 13, 4, "a", "b"),
            },
            cache.Rules[0]);
        Assert.Equal(new PolicyRule { Name = "rule 2", Profile = "players" }, cache.Rules[1]);
        Assert.Equal(Values(CacheMode.Bounded, 10, 2, 60, 3, "board", "live"), cache.Profiles["board"]);
    }

    [Fact]
    public void A_profile_of_a_shipped_name_replaces_the_whole_of_it()
    {
        var profiles = LoadedText.From(EveryKey).Good.Proxy.AnyDatabase!.Cache.Profiles;

        Assert.Equal(new PolicyValues { MaxAge = TimeSpan.FromMinutes(5) }, profiles["teams"]);
        Assert.Equal(ShippedProfiles.All["players"], profiles["players"]);
        Assert.Equal(9, profiles.Count);
    }

    [Fact]
    public void The_rules_of_a_database_replace_those_of_all()
    {
        var proxy = LoadedText.From(EveryKey).Good.Proxy;

        Assert.Equal("rule 1 of database own", Assert.Single(proxy.Databases["own"].Cache.Rules).Name);
        Assert.Empty(proxy.Databases["none"].Cache.Rules);
        Assert.Equal(9, proxy.Databases["own"].Cache.Profiles.Count);
    }

    [Fact]
    public void What_was_read_again_unchanged_is_equal()
    {
        var (first, second) = (LoadedText.From(EveryKey).Good.Proxy, LoadedText.From(EveryKey).Good.Proxy);

        Assert.Equal(first.AnyDatabase!.Cache, second.AnyDatabase!.Cache);
        Assert.Equal(first.AnyDatabase.Cache.GetHashCode(), second.AnyDatabase.Cache.GetHashCode());
        foreach (var (old, changed) in new[] { ("\"a, b\"", "\"a\""), ("\"players\"", "\"trends\""), ("10s", "9s") })
        {
            var other = LoadedText.From(EveryKey.Replace(old, changed, StringComparison.Ordinal)).Good.Proxy;
            Assert.NotEqual(first.AnyDatabase.Cache, other.AnyDatabase!.Cache);
        }
    }

    [Fact]
    public void All_of_it_is_listed_with_its_source()
    {
        var settings = LoadedText.From(EveryKey).Good.Settings.ToDictionary(
            setting => setting.Key, StringComparer.Ordinal);

        Assert.Equal("public.item", settings["cache.rules.1.table"].Value);
        Assert.Equal("players", settings["cache.rules.2.profile"].Value);
        Assert.Equal("off", settings["databases.own.cache.rules.1.mode"].Value);
        Assert.EndsWith(":9", settings["cache.rules.1.table"].Origin.ToString(), StringComparison.Ordinal);
        Assert.Equal("board, live", settings["cache.profiles.board.tags"].Value);
        Assert.Equal("30s", settings["cache.profiles.liveGames.maxAge"].Value);
        Assert.Equal(SettingOrigin.Default, settings["cache.profiles.liveGames.maxAge"].Origin);
    }

    [Fact]
    public void The_environment_can_set_a_profile_and_not_a_rule()
    {
        var loaded = LoadedText.From(
            EveryKey, environment: new() { ["FRESHET__CACHE__PROFILES__board__MAX_AGE"] = "8s" });
        Assert.Equal(TimeSpan.FromSeconds(8), loaded.Good.Proxy.AnyDatabase!.Cache.Profiles["board"].MaxAge);

        loaded = LoadedText.From(EveryKey, environment: new() { ["FRESHET__CACHE__RULES__1__MODE"] = "off" });
        Assert.Contains("cache.rules: must be an array of objects", loaded.ErrorText, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(
        """{ "user": "app" }""",
        "cache.rules.1: says which results it is for and nothing of them; set one of")]
    [InlineData(
        """{ "profile": "player" }""",
        "cache.rules.1.profile: is \"player\", and cache.profiles has no such profile; did you mean players?")]
    [InlineData(
        """{ "profile": "?" }""",
        "cache.rules.1.profile: is \"?\", and cache.profiles has no such profile; known are archives, historical")]
    [InlineData(
        """{ "fingerprint": "12", "mode": "off" }""",
        "cache.rules.1.fingerprint: is \"12\"; allowed are 16 hexadecimal digits")]
    [InlineData(
        """{ "fingerprint": "123456789012345g", "mode": "off" }""",
        "cache.rules.1.fingerprint: is \"123456789012345g\"; allowed")]
    [InlineData(
        """{ "mode": "of" }""",
        "cache.rules.1.mode: is \"of\"; allowed is one of off, bounded, session, strict")]
    [InlineData(
        """{ "mod": "off", "tags": "a" }""",
        "cache.rules.1.mod: is not a setting; did you mean cache.rules.1.mode?")]
    [InlineData(
        """{ "table": "", "mode": "off" }""",
        "cache.rules.1.table: is \"\"; allowed is a string that is not empty")]
    [InlineData(
        """{ "tags": "a,b c" }""",
        "cache.rules.1.tags: holds \"b c\"; allowed in a tag are 1 to 64 characters")]
    [InlineData(
        """{ "tags": "a,,b" }""",
        "cache.rules.1.tags: holds \"\"; allowed in a tag are")]
    [InlineData(
        """{ "tags": "1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17" }""",
        "cache.rules.1.tags: has 17 tags; allowed are at most 16")]
    [InlineData(
        """{ "maxAge": "30s", "refreshAhead": "30s" }""",
        "cache.rules.1.refreshAhead: is 30s, and maxAge is 30s, so every hit would ask the server")]
    [InlineData("\"players\"", "cache.rules.1: must be an object with keys of its own")]
    public void A_bad_rule_is_refused(string rule, string expected)
    {
        var loaded = Load($$"""{ "rules": [{{rule}}] }""", "{}");
        Assert.StartsWith(expected, About("cache.rules", loaded), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(
        """{ "profiles": { "a b": {} } }""", "cache.profiles.a b: is no name of a profile; allowed are 1 to 64")]
    [InlineData("""{ "profiles": { "a": { "maxAge": "soon" } } }""", "cache.profiles.a.maxAge: is \"soon\"")]
    [InlineData("""{ "profiles": { "a": { "table": "t" } } }""", "cache.profiles.a.table: is not a setting")]
    [InlineData("""{ "profiles": { "a": 5 } }""", "cache.profiles.a: must be an object with keys of its own")]
    public void A_bad_profile_is_refused(string cache, string expected) =>
        Assert.StartsWith(expected, About("cache.profiles", Load(cache, "{}")), StringComparison.Ordinal);

    [Fact]
    public void Profiles_are_of_all_databases_and_a_databases_rules_may_ask_for_them()
    {
        Assert.Contains(
            "databases.d.cache.profiles: is not a setting of one database; move it to cache.profiles",
            Load("{}", """{ "profiles": { "a": {} } }""").ErrorText, StringComparison.Ordinal);
        Assert.Contains(
            "databases.d.cache.rules.1.profile: is \"b\"",
            Load("{}", """{ "rules": [{ "profile": "b" }] }""").ErrorText, StringComparison.Ordinal);
        Assert.NotNull(
            Load("""{ "profiles": { "b": {} } }""", """{ "rules": [{ "profile": "b" }] }""").Configuration);
    }

    [Fact]
    public void More_than_a_thousand_rules_are_refused()
    {
        var rules = string.Join(',', Enumerable.Repeat("""{ "mode": "off" }""", 1_001));
        Assert.Contains(
            "cache.rules: has 1001 entries; allowed are at most 1000",
            Load($$"""{ "rules": [{{rules}}] }""", "{}").ErrorText, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("off", """{ "maxAge": 5 }""", false, false)]
    [InlineData("off", """{ "mode": "off" }""", false, false)]
    [InlineData("off", """{ "mode": "bounded" }""", true, true)] // then a hint may ask for the profile
    [InlineData("off", """{ "mode": "strict" }""", true, true)]
    [InlineData("off", """{ "profile": "followed" }""", true, true)]
    [InlineData("off", """{ "profile": "followed", "mode": "bounded" }""", true, true)]
    [InlineData("off", """{ "profile": "followed", "mode": "off" }""", false, false)]
    [InlineData("bounded", """{ "mode": "session" }""", true, true)]
    [InlineData("session", """{ "mode": "off" }""", true, true)]
    public void A_database_is_cached_and_followed_where_a_rule_asks_for_it(
        string mode, string rule, bool enabled, bool followed)
    {
        var cache = $$"""
            { "mode": "{{mode}}", "rules": [{{rule}}], "profiles": { "followed": { "mode": "session" } } }
            """;
        var snapshot = Load(cache, "{}").Good.Proxy.Databases["d"].Cache;
        Assert.Equal((enabled, followed), (snapshot.IsEnabled, snapshot.NeedsFeed));
    }

    [Fact]
    public void Without_any_of_it_bounded_mode_needs_no_feed()
    {
        var bounded = new DatabaseCacheSnapshot { Mode = CacheMode.Bounded };
        var rule = new PolicyRule { Name = "rule 1", Profile = "players", Values = new() { Mode = CacheMode.Bounded } };
        Assert.False(bounded.NeedsFeed);
        Assert.False((bounded with { Rules = [rule] }).NeedsFeed);
        Assert.True(new DatabaseCacheSnapshot().NeedsFeed);
    }

    private static LoadedText Load(string cache, string ofDatabase) =>
        LoadedText.From(
            $$"""
            { "cache": {{cache}}, "auth": "trust", "users": { "u": {} },
              "databases": { "d": { "host": "h", "cache": {{ofDatabase}} } } }
            """);

    private static string About(string path, LoadedText loaded)
    {
        Assert.Null(loaded.Configuration);
        var text = Assert.Single(loaded.Errors).ToString();
        return text[text.IndexOf(path, StringComparison.Ordinal)..];
    }

    private static PolicyValues Values(
        CacheMode mode, int maxAge, int whileRenewed, int onError, int ahead, params string[] tags) =>
        new()
        {
            Mode = mode,
            MaxAge = TimeSpan.FromSeconds(maxAge),
            StaleWhileRevalidate = TimeSpan.FromSeconds(whileRenewed),
            StaleIfError = TimeSpan.FromSeconds(onError),
            RefreshAhead = TimeSpan.FromSeconds(ahead),
            Tags = [.. tags],
        };
}
