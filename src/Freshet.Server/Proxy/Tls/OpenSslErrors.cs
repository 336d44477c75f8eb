using System.Runtime.InteropServices;

namespace Freshet.Server.Proxy.Tls;

/// <summary>The calling thread's OpenSSL error queue. It must be empty before each call whose result is judged by
/// <c>SSL_get_error</c>, which looks at the queue, not at the call.</summary>
internal static unsafe class OpenSslErrors
{
    private const ulong SystemFlag = 0x8000_0000;
    private const int ReasonMask = 0x7F_FFFF;
    private const int LibraryShift = 23;
    private const int LibraryMask = 0xFF;

    /// <summary>Whether the oldest error is OpenSSL 3's "the peer closed without close_notify".</summary>
    internal static bool IsUnexpectedEnd
    {
        get
        {
            ulong code = LibCrypto.ERR_peek_error().Value;
            return (code & SystemFlag) == 0
                && ((int)(code >> LibraryShift) & LibraryMask) == LibSsl.LibraryNumber
                && ((int)code & ReasonMask) == LibSsl.ReasonUnexpectedEnd;
        }
    }

    /// <summary>Empties the queue and tells its reasons, the cause first.</summary>
    internal static string Take()
    {
        var reasons = new List<string>();
        while (LibCrypto.ERR_get_error_all(null, null, null, null, null) is { Value: not 0 } code)
        {
            string reason = Describe(code);
            if (!reasons.Contains(reason, StringComparer.Ordinal))
                reasons.Add(reason);
        }

        return reasons.Count == 0 ? "no reason given" : string.Join(", ", reasons);
    }

    private static string Describe(CULong code)
    {
        ulong value = code.Value;
        if ((value & SystemFlag) != 0)
            return Marshal.GetPInvokeErrorMessage((int)(value & ~SystemFlag));
        return Marshal.PtrToStringUTF8(LibCrypto.ERR_reason_error_string(code)) ?? $"OpenSSL error {value:X8}";
    }
}
