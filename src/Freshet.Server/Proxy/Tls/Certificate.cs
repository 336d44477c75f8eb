using System.Text;

namespace Freshet.Server.Proxy.Tls;

/// <summary>What logins need to know of an <c>X509</c>.</summary>
internal static unsafe class Certificate
{
    /// <summary>The <c>tls-server-end-point</c> channel binding of RFC 5929, section 4.1: the certificate's hash by the
    /// algorithm of its own signature, SHA-256 in place of MD5 and SHA-1. Null for signatures without a hash
    /// algorithm (Ed25519): the RFC leaves them undefined.</summary>
    internal static byte[]? GetEndPointBinding(nint certificate)
    {
        int identifier;
        if (LibCrypto.X509_get_signature_info(certificate, &identifier, null, null, null) == 0 || identifier == 0)
            return null;
        if (identifier is LibCrypto.Md5 or LibCrypto.Sha1)
            identifier = LibCrypto.Sha256;

        nint digest = LibCrypto.EVP_get_digestbyname(LibCrypto.OBJ_nid2sn(identifier));
        if (digest == 0)
            return null;
        byte* hash = stackalloc byte[LibCrypto.MaximumDigestLength];
        uint length = 0;
        return LibCrypto.X509_digest(certificate, digest, hash, &length) == 1
            ? new ReadOnlySpan<byte>(hash, (int)length).ToArray()
            : null;
    }

    /// <summary>The subject's first common name; null when there is none or when it holds a NUL byte, which would let
    /// <c>root\0.example</c> pass for <c>root</c> further on (CVE-2009-4034).</summary>
    internal static string? GetCommonName(nint certificate)
    {
        nint subject = LibCrypto.X509_get_subject_name(certificate);
        int index = LibCrypto.X509_NAME_get_index_by_NID(subject, LibCrypto.CommonName, -1);
        if (index < 0)
            return null;

        byte* text = null;
        nint data = LibCrypto.X509_NAME_ENTRY_get_data(LibCrypto.X509_NAME_get_entry(subject, index));
        int length = LibCrypto.ASN1_STRING_to_UTF8(&text, data);
        if (length < 0)
            return null;
        try
        {
            var name = new ReadOnlySpan<byte>(text, length);
            return name.Contains((byte)0) ? null : Encoding.UTF8.GetString(name);
        }
        finally
        {
            LibCrypto.CRYPTO_free(text, 0, 0);
        }
    }
}
