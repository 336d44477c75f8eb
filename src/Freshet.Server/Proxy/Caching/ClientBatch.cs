using System.Buffers.Binary;
using Freshet.Core.Wire;

namespace Freshet.Server.Proxy.Caching;

/// <summary>
/// One statement that a client at rest asks for: a Query, or [Parse] Bind [Describe portal] Execute Sync. Views of the
/// client's bytes, valid as long as these.
/// </summary>
internal ref struct ClientBatch
{
    /// <summary>Longest batch that is waited for and looked up.</summary>
    internal const int MostBytes = 64 * 1024;

    /// <summary>A Query: <see cref="Content"/> is its text.</summary>
    public bool IsSimple { get; private set; }

    /// <summary>Bytes of the whole batch.</summary>
    public int Length { get; private set; }

    public bool HasParse { get; private set; }

    /// <summary>It wants the RowDescription (a Query always does).</summary>
    public bool Describes { get; private set; }

    /// <summary>The name that Parse gives, when there is one.</summary>
    public ReadOnlySpan<byte> ParseName { get; private set; }

    /// <summary>The statement that Bind names.</summary>
    public ReadOnlySpan<byte> StatementName { get; private set; }

    /// <summary>A Query's text without its zero, or a Parse body behind the name: text, zero, parameter types.
    /// Empty: the statement was parsed before.</summary>
    public ReadOnlySpan<byte> Content { get; private set; }

    /// <summary>A Bind body behind the statement's name: formats and values of parameters, formats of
    /// columns.</summary>
    public ReadOnlySpan<byte> Arguments { get; private set; }

    public static BatchStatus Read(ReadOnlySpan<byte> data, out ClientBatch batch)
    {
        batch = default;
        BatchStatus first = TryMessage(data, 0, out byte type, out ReadOnlySpan<byte> body, out int next);
        if (first != BatchStatus.Whole)
        {
            return type is FrontendMessage.Query or FrontendMessage.Parse or FrontendMessage.Bind
                ? first
                : BatchStatus.Other;
        }

        if (type == FrontendMessage.Query)
        {
            batch.IsSimple = batch.Describes = true;
            batch.Length = next;
            batch.Content = body.IsEmpty ? body : body[..^1];
            return body is [.., 0] && MayRead(body) ? BatchStatus.Whole : BatchStatus.Other;
        }

        return batch.ReadExtended(data, type, body, next);
    }

    private BatchStatus ReadExtended(ReadOnlySpan<byte> data, byte type, ReadOnlySpan<byte> body, int next)
    {
        if (type == FrontendMessage.Parse)
        {
            if (!TakeParse(body))
            {
                return BatchStatus.Other;
            }

            BatchStatus status = TryMessage(data, next, out type, out body, out next);
            if (status != BatchStatus.Whole)
            {
                return status == BatchStatus.Incomplete && type is 0 or FrontendMessage.Bind
                    ? BatchStatus.Incomplete
                    : BatchStatus.Other;
            }
        }

        return type == FrontendMessage.Bind && TakeBind(body) ? ReadBehindBind(data, next) : BatchStatus.Other;
    }

    private BatchStatus ReadBehindBind(ReadOnlySpan<byte> data, int at)
    {
        bool executed = false;
        while (true)
        {
            BatchStatus status = TryMessage(data, at, out byte type, out ReadOnlySpan<byte> body, out at);
            if (status == BatchStatus.Other)
            {
                return status;
            }

            switch (type)
            {
                case 0 when status == BatchStatus.Incomplete:
                    return status;
                case FrontendMessage.Describe when !executed && !Describes:
                    Describes = true;
                    if (status == BatchStatus.Whole && body is not [(byte)'P', 0])
                    {
                        return BatchStatus.Other;
                    }

                    break;
                case FrontendMessage.Execute when !executed:
                    executed = true;
                    if (status == BatchStatus.Whole && body is not [0, 0, 0, 0, 0])
                    {
                        return BatchStatus.Other; // a named portal, or a limit of rows
                    }

                    break;
                case FrontendMessage.Sync when executed:
                    if (status == BatchStatus.Whole)
                    {
                        Length = at;
                        return body.IsEmpty ? BatchStatus.Whole : BatchStatus.Other;
                    }

                    break;
                default:
                    return BatchStatus.Other;
            }

            if (status == BatchStatus.Incomplete)
            {
                return status;
            }
        }
    }

    private bool TakeParse(ReadOnlySpan<byte> body)
    {
        int nameEnd = body.IndexOf((byte)0);
        if (nameEnd < 0)
        {
            return false;
        }

        HasParse = true;
        ParseName = body[..nameEnd];
        Content = body[(nameEnd + 1)..];
        int textEnd = Content.IndexOf((byte)0);
        return textEnd >= 0 && MayRead(Content[..textEnd]) && IsTypeList(Content[(textEnd + 1)..]);
    }

    private bool TakeBind(ReadOnlySpan<byte> body)
    {
        if (body.IsEmpty || body[0] != 0)
        {
            return false; // a named portal
        }

        int nameLength = body[1..].IndexOf((byte)0);
        if (nameLength < 0)
        {
            return false;
        }

        StatementName = body.Slice(1, nameLength);
        Arguments = body[(nameLength + 2)..];
        return !HasParse || StatementName.SequenceEqual(ParseName);
    }

    private static bool IsTypeList(ReadOnlySpan<byte> types) =>
        types.Length >= 2 && types.Length == 2 + (4 * BinaryPrimitives.ReadUInt16BigEndian(types));

    /// <summary>Whether a text begins like one that only reads: what does not goes on at once, without a look-up.
    /// </summary>
    private static bool MayRead(ReadOnlySpan<byte> text)
    {
        int start = text.IndexOfAnyExcept(" \t\r\n("u8);
        return start >= 0 && (text[start] | 0x20) is 's' or 'w' or 't' or 'v' or '/' or '-';
    }

    /// <summary>The message at <paramref name="at"/>. <paramref name="type"/> is 0 when not even its first byte is
    /// there.</summary>
    private static BatchStatus TryMessage(
        ReadOnlySpan<byte> data, int at, out byte type, out ReadOnlySpan<byte> body, out int next)
    {
        body = default;
        next = at;
        type = at < data.Length ? data[at] : (byte)0;
        if (data.Length - at < WireLimits.HeaderBytes)
        {
            return at < MostBytes ? BatchStatus.Incomplete : BatchStatus.Other;
        }

        int length = BinaryPrimitives.ReadInt32BigEndian(data[(at + 1)..]);
        if (length < 4 || length > MostBytes - at)
        {
            return BatchStatus.Other;
        }

        if (data.Length - at < length + 1)
        {
            return BatchStatus.Incomplete;
        }

        next = at + length + 1;
        body = data[(at + WireLimits.HeaderBytes)..next];
        return BatchStatus.Whole;
    }
}
