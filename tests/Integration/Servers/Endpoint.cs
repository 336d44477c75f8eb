namespace Freshet.Tests.Integration.Servers;

/// <summary>Where a client connects to and as whom.</summary>
internal sealed record Endpoint(string Host, int Port, string Database, string User, string Password)
{
    public string Url =>
        Password.Length is 0
            ? $"postgres://{User}@{Host}:{Port}/{Database}"
            : $"postgres://{User}:{Uri.EscapeDataString(Password)}@{Host}:{Port}/{Database}";
}
