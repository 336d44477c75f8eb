using Freshet.Server.Proxy.Settings;

namespace Freshet.Server.Configuration;

/// <summary>The keys of <c>tls</c> and <c>serverTls</c>; null: not set.</summary>
internal sealed record TlsOptions
{
    public TlsMode? Mode { get; init; }

    public string? CertificateFile { get; init; }

    public string? KeyFile { get; init; }

    public string? AuthorityFile { get; init; }

    public static TlsOptions Read(SettingSection section)
    {
        var options = new TlsOptions
        {
            Mode = section.Choice<TlsMode>("mode"),
            CertificateFile = section.Text("certificateFile"),
            KeyFile = section.Text("keyFile"),
            AuthorityFile = section.Text("authorityFile"),
        };
        section.Close();
        return options;
    }
}
