using Freshet.Core.Wire;
using Freshet.Server.Proxy.State;

namespace Freshet.Server.Proxy.Clients;

/// <summary>Where the settings of a start-up packet go: to the server connection itself in session mode, so that
/// RESET goes back to them; into the tracked settings where connections are shared.</summary>
internal static class StartupSettings
{
    /// <summary>False when <c>options</c> holds what cannot be tracked.</summary>
    public static bool Take(ClientSession client, StartupPacket packet)
    {
        List<KeyValuePair<string, string>> settings = [.. packet.Settings];
        if (client.KeepsServer)
        {
            if (packet.Options is not null)
            {
                settings.Add(new KeyValuePair<string, string>("options", packet.Options));
            }

            client.ServerStartup = SettingsSet.Of(settings);
            return true;
        }

        // Settings by name win over options, as in PostgreSQL.
        List<KeyValuePair<string, string>> all = [];
        if (packet.Options is not null && !StartupOptions.TryRead(packet.Options, all))
        {
            return false;
        }

        all.AddRange(settings);
        client.State.Settings = client.State.Baseline = SettingsSet.Of(all);
        return true;
    }
}
