using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using Freshet.Core.Catalog;
using Freshet.Server.Health;
using Freshet.Server.Http;
using Freshet.Server.Proxy.Caching;
using Freshet.Server.Proxy.Settings;
using Freshet.Server.Proxy.State;
using Xunit;

namespace Freshet.Tests.Unit.Http;

/// <summary>Invalidating and explaining over HTTP, and who may not.</summary>
public sealed class CacheRoutesTests : IDisposable
{
    private const string Token = "0123456789abcdef", Tag = """{"tag":"games"}""";

    private readonly CacheDirectory _directory = new(new CacheSnapshot { SizeBytes = 1 << 20 }, 1);
    private readonly List<DatabaseCache> _databases = [];
    private HttpToken? _token;

    private HttpSources Sources =>
        new(() => Readiness.Ready, () => null, () => 0) { Databases = () => _databases, Token = () => _token };

    public void Dispose() => _directory.Dispose();

    [Fact]
    public async Task What_is_named_is_invalidated_in_the_only_database_and_the_answer_says_so()
    {
        var database = Add("shop");
        var statement = Analyse(database, "/* freshet: tags=games */ select 1");
        string[] bodies = [Tag, """{"all":true,"database":"shop"}""", """{"tag":"games","database":"h:1/shop"}"""];
        foreach (var body in bodies)
        {
            var (status, json) = await PostAsync("/cache/invalidate", body);
            Assert.Equal(200, status);
            Assert.Equal("shop", json.GetProperty("database").GetString());
            Assert.Equal(1, json.GetProperty("statements").GetInt32());
        }

        Assert.Equal(3, statement.Invalidations);
        Assert.Equal(2, database.Invalidator.Done(InvalidationKind.Tag));
    }

    [Fact]
    public async Task Explain_answers_in_JSON()
    {
        Add("shop");
        var (status, json) = await PostAsync(
            "/cache/explain", """{"database":"shop","user":"app","query":"select 1","searchPath":"a, b"}""");
        Assert.Equal(200, status);
        Assert.True(json.GetProperty("mode").GetProperty("wanted").GetString() is "session");
        Assert.Equal(16, json.GetProperty("fingerprint").GetString()!.Length);
        Assert.Equal("a, b", json.GetProperty("key")[1].GetProperty("value").GetString());
        Assert.Equal("cacheable", json.GetProperty("lines")[0][0].GetString());
    }

    [Theory]
    [InlineData("")]
    [InlineData("[]")]
    [InlineData("{")]
    [InlineData("{}")]
    [InlineData("{\"tag\":1}")]
    [InlineData("{\"tag\":null}")]
    [InlineData("{\"tag\":\"a\",\"table\":\"b\"}")]
    [InlineData("{\"tag\":\"a\",\"tag\":\"b\"}")]
    [InlineData("{\"tag\":\"\\ud800\"}")]
    [InlineData("{\"all\":false}")]
    [InlineData("{\"tag\":\"\"}")]
    [InlineData("{\"tag\":\"a\",\"nonsense\":\"b\"}")]
    [InlineData("{\"fingerprint\":\"xyz\"}")]
    [InlineData("{\"table\":\"no_such\"}")]
    [InlineData("{\"query\":\"select 1\"}")]
    [InlineData("{\"tag\":{\"a\":{\"b\":{\"c\":{}}}}}")]
    public async Task A_body_that_is_not_understood_is_refused_and_nothing_is_done(string body)
    {
        var database = Add("shop");
        var (status, json) = await PostAsync("/cache/invalidate", body);
        Assert.Equal(400, status);
        Assert.NotEmpty(json.GetProperty("error").GetProperty("hint").GetString()!);
        Assert.All(Enum.GetValues<InvalidationKind>(), kind => Assert.Equal(0, database.Invalidator.Done(kind)));
    }

    [Fact]
    public async Task The_database_must_be_known_and_meant()
    {
        Assert.Equal(404, (await PostAsync("/cache/invalidate", Tag)).Status);
        Add("shop").Catalog = null;
        Assert.Equal(409, (await PostAsync("/cache/invalidate", """{"table":"a"}""")).Status);
        Add("crm");
        var (status, json) = await PostAsync("/cache/invalidate", """{"tag":"a","database":"nowhere"}""");
        Assert.Equal(404, status);
        var hint = json.GetProperty("error").GetProperty("hint").GetString();
        Assert.Contains("h:1/shop", hint, StringComparison.Ordinal);
        Assert.Equal(409, (await PostAsync("/cache/invalidate", Tag)).Status);
    }

    [Fact]
    public async Task Requests_of_another_form_are_refused()
    {
        Add("shop");
        Assert.Equal(405, (await SendAsync("/cache/explain", new HttpRequestMessage(HttpMethod.Get, ""))).Status);
        Assert.Equal(413, (await PostAsync("/cache/explain", $$"""{"query":"{{new string('x', 70_000)}}"}""")).Status);
        foreach (var type in (string[])["text/plain", "application/x-www-form-urlencoded", "multipart/form-data"])
            Assert.Equal(415, (await PostAsync("/cache/invalidate", Tag, request => Type(request, type))).Status);
        Assert.Equal(415, (await PostAsync("/cache/invalidate", Tag, request => Type(request, null))).Status);
        Assert.Equal(
            200, (await PostAsync("/cache/invalidate", Tag, request => Type(request, "application/json"))).Status);
        Assert.Equal(403, (await PostAsync(
            "/cache/invalidate", Tag, request => request.Headers.Add("Origin", "http://127.0.0.1"))).Status);
    }

    [Fact]
    public async Task A_configured_token_must_be_shown()
    {
        Add("shop");
        _token = new HttpToken(Token);
        foreach (var shown in (string?[])[null, "Bearer", "Bearer x", "Basic " + Token, "Bearer " + Token + "0", Token])
            Assert.Equal(401, (await PostAsync("/cache/invalidate", Tag, Show(shown))).Status);
        Assert.Equal(200, (await PostAsync("/cache/invalidate", Tag, Show("Bearer " + Token))).Status);
        Assert.Equal(200, (await PostAsync("/cache/invalidate", Tag, Show("bearer " + Token))).Status);
    }

    [Fact]
    public async Task Where_other_machines_come_in_a_token_is_needed()
    {
        Add("shop");
        var everywhere = new IPEndPoint(IPAddress.Any, 0);
        Assert.Equal(403, (await PostAsync("/cache/invalidate", Tag, address: everywhere)).Status);
        _token = new HttpToken(Token);
        Assert.Equal(401, (await PostAsync("/cache/invalidate", Tag, address: everywhere)).Status);
        Assert.Equal(200, (await PostAsync("/cache/invalidate", Tag, Show("Bearer " + Token), everywhere)).Status);
    }

    private static Action<HttpRequestMessage> Show(string? token) =>
        request => request.Headers.TryAddWithoutValidation("Authorization", token);

    private static void Type(HttpRequestMessage request, string? type) =>
        request.Content!.Headers.ContentType = type is null ? null : new MediaTypeHeaderValue(type);

    private DatabaseCache Add(string name)
    {
        var database = new DatabaseCache(_directory, "h:1", name, new DatabaseCacheSnapshot())
        {
            Catalog = new CatalogSnapshot(new CatalogRows { Relations = [], Functions = [] }, 0, []),
        };
        _databases.Add(database);
        return database;
    }

    private static CachedStatement Analyse(DatabaseCache database, string sql)
    {
        var context = new CacheContext(1, database, "", SettingsSet.Empty);
        var statement = database.Statements.Find(context, Encoding.UTF8.GetBytes(sql), null, 0)!;
        database.Policies.ClassOf("", "").For(statement);
        return statement;
    }

    private Task<(int Status, JsonElement Json)> PostAsync(
        string path, string body, Action<HttpRequestMessage>? change = null, IPEndPoint? address = null)
    {
        var content = new StringContent(body, Encoding.UTF8, "application/json");
        var request = new HttpRequestMessage(HttpMethod.Post, "") { Content = content };
        change?.Invoke(request);
        return SendAsync(path, request, address);
    }

    private async Task<(int Status, JsonElement Json)> SendAsync(
        string path, HttpRequestMessage request, IPEndPoint? address = null)
    {
        address ??= new IPEndPoint(IPAddress.Loopback, 0);
        await using var host = await HttpHost.StartAsync(address, Sources, CancellationToken.None);
        using var client = new HttpClient();
        request.RequestUri = new Uri($"http://127.0.0.1:{host.Address.Port}{path}");
        using var response = await client.SendAsync(request);
        return ((int)response.StatusCode, JsonDocument.Parse(await response.Content.ReadAsStringAsync()).RootElement);
    }
}
