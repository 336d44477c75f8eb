using Freshet.Tests.Integration.Servers;
using Freshet.Tests.Integration.Wire;

namespace Freshet.Tests.Integration.Protocol;

/// <summary>The clients of one run of a scenario and the transcript that they share.</summary>
/// <param name="endpoint">Where they connect to.</param>
internal sealed class WireScene(Endpoint endpoint)
{
    public Endpoint Endpoint => endpoint;

    public Transcript Transcript { get; } = new();

    /// <summary>Connects, sends nothing.</summary>
    public WireClient Connect(string name = "")
    {
        var client = WireClient.Connect(endpoint.Host, endpoint.Port, name);
        client.Transcript = Transcript;
        return client;
    }

    /// <summary>Connects and logs in; the login itself is not in the transcript.</summary>
    public WireClient Login(string name = "", params (string Name, string Value)[] parameters) =>
        Connect(name).Login(endpoint.User, endpoint.Database, parameters);
}
