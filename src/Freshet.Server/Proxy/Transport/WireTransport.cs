using System.Runtime.InteropServices;
using Freshet.Server.Proxy.Loop;
using Freshet.Server.Proxy.Tls;

namespace Freshet.Server.Proxy.Transport;

/// <summary>
/// A non-blocking socket, with TLS or without, and the two buffers that it may hold for a while: <em>carry</em>, input
/// that nobody could use yet, and <em>backlog</em>, output that the socket would not take. Both are rented and exist
/// only while bytes are in flight. Belongs to one loop at a time and is used on its thread only. The state machines
/// never know whether bytes were encrypted.
/// </summary>
internal sealed unsafe class WireTransport(int fd)
{
    /// <summary>Most bytes of a backlog: reading of the peer that feeds it stops as soon as there is any, so that it
    /// can only hold what one turn of the loop produced.</summary>
    internal const int MostBacklog = 1 << BufferPool.LargestBits;

    private EventLoop? _loop;
    private ulong _pollId;
    private uint _interest;
    private byte[]? _carry;
    private int _carried;
    private byte[]? _backlog;
    private int _backlogStart, _backlogEnd;
    private bool _readWantsWrite;

    /// <summary>A transport without a socket: what is sent is dropped, input is given by <see cref="KeepCarry"/>.
    /// </summary>
    public static WireTransport Sink(EventLoop loop) => new(-1) { _loop = loop };

    public int Descriptor { get; private set; } = fd;

    public TlsSession? Tls { get; private set; }

    public bool IsOpen => Descriptor >= 0;

    public bool HasBacklog => _backlog is not null;

    public int Carried => _carried;

    public bool IsReading => (_interest & Native.EpollIn) != 0;

    /// <summary>Bytes over the socket's life, for telemetry (plaintext).</summary>
    public long BytesIn { get; private set; }
    public long BytesOut { get; private set; }

    /// <summary>Why the last call failed; null when the peer just went away.</summary>
    public string? Failure { get; private set; }

    public void Join(EventLoop loop, ulong pollId, uint interest)
    {
        _loop = loop;
        _pollId = pollId;
        _interest = interest;
        loop.Control(Native.EpollCtlAdd, Descriptor, interest, pollId);
    }

    /// <summary>Leaves its loop's epoll; from any thread, while nobody else uses the transport.</summary>
    public void Leave()
    {
        _loop?.Remove(Descriptor);
        _loop = null;
    }

    public void StartTls(TlsSession session) => Tls = session;

    /// <summary>Goes on with the TLS handshake and waits for what it wants; <see cref="TlsStatus.Done"/>, or
    /// <see cref="TlsStatus.Closed"/> and <see cref="TlsStatus.Failed"/> with the reason in the session's error.
    /// </summary>
    public TlsStatus Handshake()
    {
        TlsStatus status = Tls!.Handshake();
        if (status is TlsStatus.Done or TlsStatus.WantRead or TlsStatus.WantWrite)
        {
            WantWrite(status == TlsStatus.WantWrite || HasBacklog);
        }

        return status;
    }

    public void PauseReading() => SetInterest(_interest & ~Native.EpollIn);

    public void ResumeReading(IPollHandler handler)
    {
        SetInterest(_interest | Native.EpollIn);
        if (Tls is { HasPending: true })
        {
            _loop!.CallAgain(handler);
        }
    }

    public void WantWrite(bool wanted) =>
        SetInterest(wanted ? _interest | Native.EpollOut : _interest & ~Native.EpollOut);

    /// <summary>Reads what there is: a count, 0 for "nothing now", -1 for "the peer is gone" (see
    /// <see cref="Failure"/>).</summary>
    public int Receive(Span<byte> buffer)
    {
        if (Tls is not null)
        {
            return ReceiveTls(buffer);
        }

        fixed (byte* to = buffer)
        {
            nint count = Native.recv(Descriptor, to, (nuint)buffer.Length, 0);
            if (count > 0)
            {
                BytesIn += count;
                return (int)count;
            }

            int error = count < 0 ? Marshal.GetLastSystemError() : 0;
            if (error is Native.ErrAgain or Native.ErrIntr)
            {
                return 0;
            }

            Failure = error == 0 ? null : Native.ErrorText(error);
            return -1;
        }
    }

    /// <summary>True while the socket is alive and silent: nothing to read, not closed.</summary>
    public bool LooksIdle()
    {
        byte one;
        return Native.recv(Descriptor, &one, 1, Native.MsgPeek | Native.MsgDontWait) < 0
            && Marshal.GetLastSystemError() == Native.ErrAgain;
    }

    /// <summary>Sends or keeps in the backlog; false when the connection is gone.</summary>
    public bool Send(ReadOnlySpan<byte> bytes)
    {
        if (bytes.IsEmpty || Descriptor < 0)
        {
            return true;
        }

        BytesOut += bytes.Length;
        if (_backlog is not null)
        {
            return Append(bytes);
        }

        int sent = SendNow(bytes);
        if (sent == bytes.Length)
        {
            return true;
        }

        if (sent < 0 || !Append(bytes[sent..]))
        {
            return false;
        }

        WantWrite(true);
        return true;
    }

    /// <summary>Called when the socket can take more; false when the connection is gone.</summary>
    public bool FlushBacklog()
    {
        if (_backlog is null)
        {
            WantWrite(false);
            return true;
        }

        int sent = SendNow(_backlog.AsSpan(_backlogStart, _backlogEnd - _backlogStart));
        if (sent < 0)
        {
            return false;
        }

        _backlogStart += sent;
        if (_backlogStart == _backlogEnd)
        {
            _loop!.Buffers.Return(_backlog);
            _backlog = null;
            WantWrite(false);
        }

        return true;
    }

    /// <summary>Copies the carry to the front of <paramref name="buffer"/> and gives its buffer back.</summary>
    public int TakeCarry(Span<byte> buffer)
    {
        if (_carry is null)
        {
            return 0;
        }

        int length = _carried;
        _carry.AsSpan(0, length).CopyTo(buffer);
        _loop!.Buffers.Return(_carry);
        _carry = null;
        _carried = 0;
        return length;
    }

    /// <summary>Keeps input for later; the carry must be empty.</summary>
    public void KeepCarry(ReadOnlySpan<byte> bytes)
    {
        if (bytes.IsEmpty)
        {
            return;
        }

        _carry = _loop!.Buffers.Rent(bytes.Length);
        bytes.CopyTo(_carry);
        _carried = bytes.Length;
    }

    /// <summary>Closes the socket and gives back whatever was rented. Idempotent.</summary>
    public void Close(PollTable table)
    {
        if (Descriptor < 0)
        {
            if (_loop is not null)
            {
                ReturnBuffers(_loop.Buffers);
            }

            return;
        }

        if (_loop is { } loop)
        {
            ReturnBuffers(loop.Buffers);
            loop.Remove(Descriptor);
        }

        table.Unregister(_pollId);
        Tls?.Shutdown();
        Tls?.Dispose();
        Tls = null;
        _ = Native.close(Descriptor);
        Descriptor = -1;
    }

    private void ReturnBuffers(BufferPool buffers)
    {
        if (_carry is not null)
        {
            buffers.Return(_carry);
            _carry = null;
            _carried = 0;
        }

        if (_backlog is not null)
        {
            buffers.Return(_backlog);
            _backlog = null;
        }
    }

    private void SetInterest(uint interest)
    {
        if (interest != _interest && _loop is not null && Descriptor >= 0)
        {
            _interest = interest;
            _loop.Control(Native.EpollCtlMod, Descriptor, interest, _pollId);
        }
    }

    private int ReceiveTls(Span<byte> buffer)
    {
        TlsStatus status = Tls!.Read(buffer, out int count);
        if (_readWantsWrite && status != TlsStatus.WantWrite)
        {
            _readWantsWrite = false;
            WantWrite(HasBacklog);
        }

        switch (status)
        {
            case TlsStatus.Done:
                BytesIn += count;
                return count;
            case TlsStatus.WantRead:
                return 0;
            case TlsStatus.WantWrite:
                _readWantsWrite = true;
                WantWrite(true);
                return 0;
            default:
                Failure = Tls.Error;
                return -1;
        }
    }

    private int SendNow(ReadOnlySpan<byte> bytes)
    {
        if (Tls is not null)
        {
            return SendTls(bytes);
        }

        fixed (byte* from = bytes)
        {
            nint count = Native.send(Descriptor, from, (nuint)bytes.Length, Native.MsgNoSignal);
            if (count >= 0)
            {
                return (int)count;
            }

            int error = Marshal.GetLastSystemError();
            if (error is Native.ErrAgain or Native.ErrIntr)
            {
                return 0;
            }

            Failure = Native.ErrorText(error);
            return -1;
        }
    }

    private int SendTls(ReadOnlySpan<byte> bytes)
    {
        int total = 0;
        while (total < bytes.Length)
        {
            TlsStatus status = Tls!.Write(bytes[total..], out int count);
            if (status is TlsStatus.WantRead or TlsStatus.WantWrite)
            {
                break;
            }

            if (status != TlsStatus.Done)
            {
                Failure = Tls.Error;
                return -1;
            }

            total += count;
        }

        return total;
    }

    private bool Append(ReadOnlySpan<byte> bytes)
    {
        int length = _backlogEnd - _backlogStart;
        if (_backlog is null)
        {
            _backlog = _loop!.Buffers.Rent(bytes.Length);
            _backlogStart = _backlogEnd = length = 0;
        }
        else if (_backlogEnd + bytes.Length > _backlog.Length)
        {
            if (length + bytes.Length > MostBacklog)
            {
                Failure = "the peer takes no more output";
                return false;
            }

            byte[] larger = _loop!.Buffers.Rent(length + bytes.Length);
            _backlog.AsSpan(_backlogStart, length).CopyTo(larger);
            _loop.Buffers.Return(_backlog);
            _backlog = larger;
            _backlogStart = 0;
            _backlogEnd = length;
        }

        bytes.CopyTo(_backlog.AsSpan(_backlogEnd));
        _backlogEnd += bytes.Length;
        return true;
    }
}
