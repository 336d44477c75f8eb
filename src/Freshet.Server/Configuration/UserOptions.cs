using Freshet.Server.Proxy.Settings;

namespace Freshet.Server.Configuration;

/// <summary>The keys of one entry of <c>users</c>; null: not set.</summary>
internal sealed record UserOptions
{
    public string? Password { get; init; }
    public string? PasswordFile { get; init; }

    /// <summary>What <c>pg_authid.rolpassword</c> holds: <c>SCRAM-SHA-256$…</c> or <c>md5…</c>.</summary>
    public string? Verifier { get; init; }
    public PoolMode? Mode { get; init; }
    public int? MaxConnections { get; init; }

    public static UserOptions Read(SettingSection section)
    {
        var options = new UserOptions
        {
            Password = section.Secret("password"),
            PasswordFile = section.Text("passwordFile"),
            Verifier = section.Secret("verifier"),
            Mode = section.Choice<PoolMode>("mode"),
            MaxConnections = section.Integer("maxConnections", 0, FreshetOptions.MostConnections),
        };
        section.Close();
        return options;
    }

    // The generated text would hold the password.
    public override string ToString() => "user options";
}
