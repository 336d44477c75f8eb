using Freshet.Server.Proxy.State;

namespace Freshet.Server.Proxy.Pools;

/// <summary>What a client with certain start-up settings is told at login, as a server said it after these settings
/// had been put in force.</summary>
/// <param name="Settings">The start-up settings in the server's spelling.</param>
/// <param name="ParameterStatuses">ParameterStatus messages, ready to send.</param>
internal sealed record Welcome(SettingsSet Settings, byte[] ParameterStatuses);
