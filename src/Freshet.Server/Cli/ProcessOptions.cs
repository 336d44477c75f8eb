using System.Collections;
using System.CommandLine;
using System.Net;
using Freshet.Server.Configuration;

namespace Freshet.Server.Cli;

/// <summary>How a command finds the running process: by the configuration that <c>up</c> reads, or as it is told.
/// </summary>
internal sealed class ProcessOptions
{
    private readonly Option<string?> _file = new("--config", "-c")
    {
        Description = "Configuration file of the process (default: ./freshet.json where it exists)",
        HelpName = "FILE",
    };

    private readonly Option<string?> _http = new("--http")
    {
        Description = "Where the process serves HTTP (default: as configured, else 127.0.0.1:8432)",
        HelpName = "ADDRESS:PORT",
    };

    private readonly Option<string?> _tokenFile = new("--http-token-file")
    {
        Description = "Holds the process's httpToken (default: as configured)",
        HelpName = "FILE",
    };

    public void AddTo(Command command)
    {
        command.Options.Add(_file);
        command.Options.Add(_http);
        command.Options.Add(_tokenFile);
    }

    /// <summary>Null after errors, which were reported: the exit code is <see cref="ExitCode.Usage"/> then.</summary>
    public RunningProcess? Find(ParseResult result, IDictionary environment, Terminal terminal)
    {
        var settings = new CommandLineSettings().Add(_http.Name, "http", result.GetValue(_http));
        var loader = new ConfigurationLoader(settings.Root, environment, result.GetValue(_file));
        var reading = new SettingReading();
        var address = (IPEndPoint?)null;
        var token = (string?)null;
        if (loader.LoadOptions(reading) is { } options)
        {
            address = HttpSettings.ReadAddress(options, reading);
            token = result.GetValue(_tokenFile) is { } file
                ? SecretFile.Read(file, _tokenFile.Name, reading)
                : HttpSettings.ReadToken(options, reading);
            if (address is null or { Port: 0 } && reading.Errors.Count == 0)
                reading.Refuse("http", "is off, or leaves the port open; say with --http where HTTP is served");
        }
        if (reading.Errors.Count == 0)
            return new RunningProcess(address!, token);
        terminal.Fail(reading.Errors);
        return null;
    }
}
