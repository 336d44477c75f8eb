using System.Text.Json;

namespace Freshet.Tests.Integration.Authentication;

/// <summary>A file in the format of PgBouncer's <c>userlist.txt</c>, which goes away with this object.</summary>
internal sealed class UsersFile : IDisposable
{
    private readonly string _path = Path.GetTempFileName();

    public UsersFile(params (string Name, string Secret)[] users) =>
        File.WriteAllLines(_path, users.Select(user => $"{Quote(user.Name)} {Quote(user.Secret)}"));

    /// <summary>Its path as JSON.</summary>
    public string Json => JsonSerializer.Serialize(_path);

    public void Dispose() => File.Delete(_path);

    private static string Quote(string text) => $"\"{text.Replace("\"", "\"\"", StringComparison.Ordinal)}\"";
}
