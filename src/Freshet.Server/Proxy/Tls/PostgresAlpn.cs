using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Freshet.Server.Proxy.Tls;

/// <summary>The application protocol <c>postgresql</c> (RFC 7301, registered by IANA). A client that opens with TLS
/// at once must name it, which keeps another protocol's client from being talked into speaking to us (ALPACA).
/// </summary>
internal static unsafe class PostgresAlpn
{
    internal const string Name = "postgresql";

    private static ReadOnlySpan<byte> NameBytes => "postgresql"u8;

    private static ReadOnlySpan<byte> Offer => "\npostgresql"u8; // one length byte, 10, before the name

    internal static bool OfferIn(nint context)
    {
        fixed (byte* offer = Offer)
            return LibSsl.SSL_CTX_set_alpn_protos(context, offer, (uint)Offer.Length) == 0;
    }

    internal static void SelectIn(nint context) => LibSsl.SSL_CTX_set_alpn_select_cb(context, &Select, 0);

    /// <summary>Called by OpenSSL only when the client sent a list. A list without ours is refused with the alert
    /// <c>no_application_protocol</c>, as PostgreSQL does.</summary>
    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int Select(
        nint ssl, byte** selected, byte* selectedLength, byte* list, uint listLength, nint argument)
    {
        uint at = 0;
        while (at < listLength)
        {
            byte length = list[at++];
            if (length > listLength - at)
                break;
            if (new ReadOnlySpan<byte>(list + at, length).SequenceEqual(NameBytes))
            {
                *selected = list + at; // OpenSSL copies it before the list goes away
                *selectedLength = length;
                return LibSsl.AlpnOk;
            }

            at += length;
        }

        return LibSsl.AlpnFatal;
    }
}
