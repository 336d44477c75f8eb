using System.Runtime.InteropServices;

namespace Freshet.Server.Cli;

/// <summary>The .NET runtime takes random numbers and digests from OpenSSL, and aborts the process at the first one
/// when it finds none; SCRAM and cancel keys need both, TLS or not. Asked at the start, so that the user gets a
/// sentence and an exit code instead.</summary>
internal static class RuntimeCryptography
{
    // The runtime's own list (opensslshim.c), newest first; FreeBSD's names left out.
    private static readonly string[] Libraries =
        ["libssl.so.4", "libssl.so.3", "libssl.so.1.1", "libssl.so.1.0.2", "libssl.so.1.0.0", "libssl.so.10"];

    public const string Missing =
        "OpenSSL is not installed (no libssl.so can be loaded), and the .NET runtime needs it: install OpenSSL 3 "
        + "(Debian and Ubuntu: package libssl3 or libssl3t64)";

    /// <param name="loads">Whether the system's loader finds a library of this name.</param>
    /// <param name="override">CLR_OPENSSL_VERSION_OVERRIDE, which the runtime tries first: the end of the name.</param>
    public static bool IsPresent(Func<string, bool> loads, string? @override) =>
        (!string.IsNullOrEmpty(@override) && loads($"libssl.so.{@override}")) || Libraries.Any(loads);

    public static bool IsPresent() =>
        IsPresent(
            name => NativeLibrary.TryLoad(name, out _),
            Environment.GetEnvironmentVariable("CLR_OPENSSL_VERSION_OVERRIDE"));
}
