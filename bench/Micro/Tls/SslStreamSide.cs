using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;

namespace Freshet.Bench.Micro.Tls;

/// <summary>Option a: the loop receives ciphertext, feeds it to an <see cref="SslStream"/> over memory, and sends what
/// that wrote. A read is asked for only when the socket had bytes and none is kept while idle, which favours it.
/// </summary>
internal sealed class SslStreamSide : ITlsSide
{
    private readonly Socket _socket;
    private readonly MemoryDuplex _duplex = new();
    private readonly SslStream _stream;
    private readonly Task _authentication;
    private Task<int>? _waiting;

    public SslStreamSide(Socket socket, SslStreamCertificateContext certificate)
    {
        _socket = socket;
        _stream = new SslStream(_duplex);
        _authentication = _stream.AuthenticateAsServerAsync(new SslServerAuthenticationOptions
        {
            ServerCertificateContext = certificate,
            EnabledSslProtocols = SslProtocols.Tls13,
            AllowTlsResume = false,
        });
    }

    public bool Handshake()
    {
        Receive();
        Send();
        if (_authentication.IsFaulted)
            _authentication.GetAwaiter().GetResult();
        return _authentication.IsCompleted;
    }

    // SslStream does not tell what it holds inside, so that only a read can; one that waits stays until bytes come.
    public int Read(Memory<byte> buffer)
    {
        Receive();
        if (_waiting is null)
        {
            ValueTask<int> read = _stream.ReadAsync(buffer);
            if (read.IsCompletedSuccessfully)
                return read.Result;
            _waiting = read.AsTask();
        }

        if (!_waiting.IsCompleted)
            return 0;
        int count = _waiting.GetAwaiter().GetResult();
        _waiting = null;
        return count;
    }

    public int Write(ReadOnlyMemory<byte> data)
    {
        if (!Send())
            return 0;
        ValueTask write = _stream.WriteAsync(data);
        if (!write.IsCompletedSuccessfully)
            throw new InvalidOperationException("A write into memory waits.");
        Send();
        return data.Length;
    }

    public void Dispose() => _stream.Dispose();

    private void Receive()
    {
        int count = _socket.Receive(_duplex.Input, SocketFlags.None, out SocketError error);
        if (error == SocketError.Success && count > 0)
            _duplex.Feed(count);
    }

    private bool Send()
    {
        while (!_duplex.Output.IsEmpty)
        {
            int count = _socket.Send(_duplex.Output, SocketFlags.None, out SocketError error);
            if (error != SocketError.Success)
                return false;
            _duplex.Sent(count);
        }

        return true;
    }

    /// <summary>Buffers of one record each way. A real loop would lend them out; one static pair does so here, since
    /// both are empty whenever another session is served.</summary>
    private sealed class MemoryDuplex : Stream
    {
        private const int Capacity = 64 * 1024;

        [ThreadStatic]
        private static byte[]? t_input;

        [ThreadStatic]
        private static byte[]? t_output;

        private readonly byte[] _input = t_input ??= new byte[Capacity];
        private readonly byte[] _output = t_output ??= new byte[Capacity];
        private int _inputStart;
        private int _inputEnd;
        private int _outputStart;
        private int _outputEnd;
        private Memory<byte> _waiting;
        private TaskCompletionSource<int>? _reader;

        public bool HasInput => _inputStart < _inputEnd;

        public Span<byte> Input
        {
            get
            {
                if (!HasInput)
                    _inputStart = _inputEnd = 0;
                return _input.AsSpan(_inputEnd, Math.Min(Capacity - _inputEnd, 17 * 1024));
            }
        }

        public ReadOnlySpan<byte> Output => _output.AsSpan(_outputStart, _outputEnd - _outputStart);

        public override bool CanRead => true;

        public override bool CanWrite => true;

        public override bool CanSeek => false;

        public override long Length => throw new NotSupportedException();

        public override long Position
        {
            get => throw new NotSupportedException();
            set => throw new NotSupportedException();
        }

        public void Feed(int count)
        {
            _inputEnd += count;
            if (_reader is not { } reader)
                return;
            _reader = null;
            reader.SetResult(Copy(_waiting.Span));
        }

        public void Sent(int count)
        {
            _outputStart += count;
            if (_outputStart == _outputEnd)
                _outputStart = _outputEnd = 0;
        }

        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            if (HasInput || buffer.IsEmpty)
                return ValueTask.FromResult(Copy(buffer.Span));
            _waiting = buffer;
            _reader = new TaskCompletionSource<int>();
            return new ValueTask<int>(_reader.Task);
        }

        public override ValueTask WriteAsync(
            ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
        {
            Write(buffer.Span);
            return ValueTask.CompletedTask;
        }

        public override void Write(ReadOnlySpan<byte> buffer)
        {
            buffer.CopyTo(_output.AsSpan(_outputEnd));
            _outputEnd += buffer.Length;
        }

        public override Task FlushAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public override void Flush()
        {
        }

        public override int Read(byte[] buffer, int offset, int count) => Copy(buffer.AsSpan(offset, count));

        public override void Write(byte[] buffer, int offset, int count) => Write(buffer.AsSpan(offset, count));

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();

        private int Copy(Span<byte> target)
        {
            int count = Math.Min(target.Length, _inputEnd - _inputStart);
            _input.AsSpan(_inputStart, count).CopyTo(target);
            _inputStart += count;
            return count;
        }
    }
}
