using System.Reflection;
using System.Runtime.InteropServices;

namespace Freshet.Server.Proxy.Tls;

/// <summary>Finds the system's OpenSSL 3, the library that .NET's own cryptography runs on. The names in
/// <see cref="LibSsl"/> and <see cref="LibCrypto"/> are resolved here; all other imports of the assembly keep the
/// runtime's rules. Must be loaded before the first import is called: <see cref="TlsContext"/> does so.</summary>
internal static class OpenSslLibrary
{
    internal const string Ssl = "libssl";
    internal const string Crypto = "libcrypto";

    private const ulong FirstSupportedVersion = 0x3000_0000;

    private static readonly Lock s_lock = new();
    private static nint s_ssl;
    private static nint s_crypto;

    internal static unsafe void EnsureLoaded()
    {
        lock (s_lock)
        {
            if (s_ssl != 0)
                return;
            nint crypto = Load(Crypto);
            var version = (delegate* unmanaged[Cdecl]<CULong>)NativeLibrary.GetExport(crypto, "OpenSSL_version_num");
            if (version().Value < FirstSupportedVersion)
                throw new TlsConfigurationException("TLS needs OpenSSL 3; the libcrypto that is installed is older.");
            s_crypto = crypto;
            s_ssl = Load(Ssl);
            NativeLibrary.SetDllImportResolver(typeof(OpenSslLibrary).Assembly, Resolve);
        }
    }

    private static nint Load(string name)
    {
        if (NativeLibrary.TryLoad($"{name}.so.3", out nint library) || NativeLibrary.TryLoad($"{name}.so", out library))
            return library;
        throw new TlsConfigurationException(
            $"TLS needs OpenSSL 3, but neither {name}.so.3 nor {name}.so can be loaded. Install it (Debian and Ubuntu: "
            + "package libssl3 or libssl3t64) or turn TLS off.");
    }

    private static nint Resolve(string name, Assembly assembly, DllImportSearchPath? path) => name switch
    {
        Ssl => s_ssl,
        Crypto => s_crypto,
        _ => 0, // the runtime's own search
    };
}
