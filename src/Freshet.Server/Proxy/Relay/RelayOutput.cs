using Freshet.Server.Proxy.Transport;

namespace Freshet.Server.Proxy.Relay;

/// <summary>
/// What one turn of a relay sends to the other side. Plain forwarding of neighbouring bytes costs one <c>send</c>
/// straight from the receive buffer; as soon as something is left out or put in, the pieces are gathered in the loop's
/// staging buffer.
/// </summary>
internal ref struct RelayOutput(WireTransport? target, ReadOnlySpan<byte> source, Span<byte> staging)
{
    private readonly ReadOnlySpan<byte> _source = source;
    private readonly Span<byte> _staging = staging;
    private int _runStart, _runEnd, _staged;

    /// <summary>The other side is gone; what follows is dropped.</summary>
    public bool Failed { get; private set; }

    /// <summary>Sends on a range of the input.</summary>
    public void Forward(int start, int end)
    {
        if (_runEnd == start && _runEnd > _runStart)
        {
            _runEnd = end;
            return;
        }

        StageRun();
        _runStart = start;
        _runEnd = end;
    }

    /// <summary>Sends bytes that are not in the input.</summary>
    public void Insert(scoped ReadOnlySpan<byte> bytes)
    {
        StageRun();
        Stage(bytes);
    }

    /// <summary>Hands everything to the transport; false when the other side is gone.</summary>
    public bool Flush()
    {
        if (_staged > 0)
        {
            StageRun();
            SendStaged();
        }
        else if (_runEnd > _runStart)
        {
            Send(_source[_runStart.._runEnd]);
            _runStart = _runEnd = 0;
        }

        return !Failed;
    }

    private void StageRun()
    {
        if (_runEnd > _runStart)
        {
            ReadOnlySpan<byte> run = _source[_runStart.._runEnd];
            _runStart = _runEnd = 0;
            Stage(run);
        }
    }

    private void Stage(scoped ReadOnlySpan<byte> bytes)
    {
        if (_staged + bytes.Length > _staging.Length)
        {
            SendStaged();
        }

        if (bytes.Length > _staging.Length)
        {
            Send(bytes);
            return;
        }

        bytes.CopyTo(_staging[_staged..]);
        _staged += bytes.Length;
    }

    private void SendStaged()
    {
        Send(_staging[.._staged]);
        _staged = 0;
    }

    private void Send(scoped ReadOnlySpan<byte> bytes)
    {
        if (!Failed && target is not null && !target.Send(bytes))
        {
            Failed = true;
        }
    }
}
