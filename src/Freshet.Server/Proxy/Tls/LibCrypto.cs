using System.Runtime.InteropServices;

namespace Freshet.Server.Proxy.Tls;

/// <summary>The part of OpenSSL 3's libcrypto that is used, under its own names: the error queue and
/// certificates.</summary>
internal static unsafe partial class LibCrypto
{
    internal const int CommonName = 13;
    internal const int Md5 = 4;
    internal const int Sha1 = 64;
    internal const int Sha256 = 672;
    internal const int MaximumDigestLength = 64;
    internal const uint CheckNoPartialWildcards = 4;
    internal const int VerifyOk = 0;

    [LibraryImport(OpenSslLibrary.Crypto)]
    [SuppressGCTransition]
    internal static partial void ERR_clear_error();

    [LibraryImport(OpenSslLibrary.Crypto)]
    internal static partial CULong ERR_get_error_all(nint* file, int* line, nint* function, nint* data, int* flags);

    [LibraryImport(OpenSslLibrary.Crypto)]
    internal static partial CULong ERR_peek_error();

    [LibraryImport(OpenSslLibrary.Crypto)]
    internal static partial nint ERR_reason_error_string(CULong code);

    [LibraryImport(OpenSslLibrary.Crypto)]
    internal static partial void X509_free(nint certificate);

    [LibraryImport(OpenSslLibrary.Crypto)]
    internal static partial int X509_get_signature_info(
        nint certificate, int* digest, int* key, int* securityBits, uint* flags);

    [LibraryImport(OpenSslLibrary.Crypto)]
    internal static partial nint OBJ_nid2sn(int identifier);

    [LibraryImport(OpenSslLibrary.Crypto)]
    internal static partial nint EVP_get_digestbyname(nint name);

    [LibraryImport(OpenSslLibrary.Crypto)]
    internal static partial int X509_digest(nint certificate, nint digest, byte* output, uint* length);

    [LibraryImport(OpenSslLibrary.Crypto)]
    internal static partial nint X509_get_subject_name(nint certificate);

    [LibraryImport(OpenSslLibrary.Crypto)]
    internal static partial int X509_NAME_get_index_by_NID(nint name, int identifier, int after);

    [LibraryImport(OpenSslLibrary.Crypto)]
    internal static partial nint X509_NAME_get_entry(nint name, int index);

    [LibraryImport(OpenSslLibrary.Crypto)]
    internal static partial nint X509_NAME_ENTRY_get_data(nint entry);

    [LibraryImport(OpenSslLibrary.Crypto)]
    internal static partial int ASN1_STRING_to_UTF8(byte** output, nint text);

    [LibraryImport(OpenSslLibrary.Crypto)]
    internal static partial void CRYPTO_free(byte* memory, nint file, int line);

    [LibraryImport(OpenSslLibrary.Crypto)]
    internal static partial nint X509_verify_cert_error_string(CLong error);

    [LibraryImport(OpenSslLibrary.Crypto, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial int X509_VERIFY_PARAM_set1_host(nint parameters, string name, nuint length);

    [LibraryImport(OpenSslLibrary.Crypto, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial int X509_VERIFY_PARAM_set1_ip_asc(nint parameters, string address);

    [LibraryImport(OpenSslLibrary.Crypto)]
    internal static partial void X509_VERIFY_PARAM_set_hostflags(nint parameters, uint flags);
}
