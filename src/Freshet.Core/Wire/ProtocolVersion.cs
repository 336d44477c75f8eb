namespace Freshet.Core.Wire;

/// <summary>The first four bytes after the length of a start-up packet.</summary>
internal static class ProtocolVersion
{
    public const int Version30 = 3 << 16;
    public const int Version32 = (3 << 16) | 2;
    public const int CancelRequest = (1234 << 16) | 5678;
    public const int SslRequest = (1234 << 16) | 5679;
    public const int GssEncRequest = (1234 << 16) | 5680;

    public static int Major(int version) => version >> 16;

    public static int Minor(int version) => version & 0xffff;
}
