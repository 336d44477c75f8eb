using System.Collections;
using System.CommandLine;
using Freshet.Server.Configuration;

namespace Freshet.Server.Cli;

/// <summary>The options of <c>up</c> that are settings; <c>config</c> takes them too, to show what they lead to. All
/// are texts here: the configuration checks them, so that a value is refused in the same words wherever it stands.
/// </summary>
internal sealed class SettingOptions
{
    private Argument<string?>? _url;

    private readonly Option<string?> _file = new("--config", "-c")
    {
        Description = "Configuration file (default: ./freshet.json where it exists)",
        HelpName = "FILE",
    };

    private readonly List<(Option Option, string Path, Func<ParseResult, string?> Read)> _settings = [];

    public SettingOptions()
    {
        Add("--listen", "listen", "ADDRESS:PORT", "Where clients connect (default 127.0.0.1:6432)");
        Add("--http", "http", "ADDRESS:PORT", "Health and metrics (default 127.0.0.1:8432), or off");
        Add("--http-token-file", "httpTokenFile", "FILE", "Holds what requests must show that do something there");
        Add("--pool-size", "pool.size", "N", "Server connections per database and user (default 20)");
        AddChoice<Proxy.Settings.PoolMode>("--pool-mode", "pool.mode", "When a server connection is given back");
        AddChoice<Core.Policy.CacheMode>("--cache", "cache.mode", "What is cached (default session)");
        Add("--cache-size", "cacheSize", "SIZE", "Memory for cached results (default 256MB)");
        Add("--threads", "threads", "N", "Event loops (default: one per processor)");
        AddChoice<Proxy.Settings.AuthMethod>("--auth", "auth", "How clients log in (default scram)");
        Add("--password-file", "passwordFile", "FILE", "Holds the password that the URL leaves out");
        Add("--users-file", "usersFile", "FILE", "Users that may log in, as in PgBouncer's userlist.txt");
        Add("--tls-cert", "tls.certificateFile", "FILE", "Certificate for clients, PEM");
        Add("--tls-key", "tls.keyFile", "FILE", "Its private key, PEM");
        Add("--tls-ca", "tls.authorityFile", "FILE", "Authorities that client certificates must lead to, PEM");
        AddChoice<Proxy.Settings.TlsMode>("--tls-mode", "tls.mode", "What is asked of clients");
        AddFlag("--json-logs", "logs", "json", "Write the log and the ready line as JSON");
        AddChoice<Proxy.ProxyLogLevel>("--log-level", "logLevel", "Least important line that is logged");
        AddFlag("--insecure", "insecure", "true", "Allow a public address without TLS or with trust");
    }

    public void AddTo(Command command)
    {
        _url = UrlArgument.AddTo<string?>(command, ArgumentArity.ZeroOrOne);
        command.Options.Add(_file);
        foreach (var (option, _, _) in _settings)
            command.Options.Add(option);
    }

    public ConfigurationLoader Loader(ParseResult result, IDictionary environment)
    {
        var settings = new CommandLineSettings().Add("URL argument", "url", result.GetValue(_url!));
        foreach (var (option, path, read) in _settings)
            settings.Add(option.Name, path, read(result));
        return new ConfigurationLoader(settings.Root, environment, result.GetValue(_file));
    }

    private Option<string?> Add(string name, string path, string value, string description)
    {
        var option = new Option<string?>(name) { Description = description, HelpName = value };
        _settings.Add((option, path, result => result.GetValue(option)));
        return option;
    }

    private void AddChoice<T>(string name, string path, string description)
        where T : struct, Enum
    {
        string[] values = [.. SettingNames.Values<T>()];
        Add(name, path, string.Join('|', values), description).CompletionSources.Add(values);
    }

    private void AddFlag(string name, string path, string value, string description)
    {
        var option = new Option<bool>(name) { Description = description };
        _settings.Add((option, path, result => result.GetValue(option) ? value : null));
    }
}
