using System.Buffers.Binary;
using System.Globalization;
using Freshet.Tests.Integration.Wire;

namespace Freshet.Tests.Integration.Hardening.Fuzz;

/// <summary>
/// A small PostgreSQL session: statements, portals, the transaction status, skipping to Sync, COPY in both directions.
/// It stands behind the proxy as the server, and each client asks another one, without a proxy between, what its own
/// messages must be answered with. Texts that it knows: <c>begin</c>, <c>commit</c>, <c>rollback</c>,
/// <c>select 'x'</c> (a row), <c>select rows N 'x'</c> (N rows), <c>select fail 'x'</c>, <c>copy in</c>,
/// <c>copy out 'x'</c>, nothing at all; whatever starts with <c>bad</c> is a syntax error; all else is an empty result.
/// </summary>
internal sealed class ModelBackend
{
    private readonly Dictionary<string, string> _statements = new(StringComparer.Ordinal);
    private readonly Dictionary<string, Portal> _portals = new(StringComparer.Ordinal);
    private readonly List<byte[]> _answers = [];
    private char _status = 'I';
    private bool _skipping;
    private Copy _copy;

    private enum Copy
    {
        None,
        InQuery,
        InBatch,
    }

    public char Status => _status;

    public bool IsCopyingIn => _copy is not Copy.None;

    public bool IsSkipping => _skipping;

    public bool HasStatement(string name) => _statements.ContainsKey(name);

    public string? TextOf(string name) => _statements.GetValueOrDefault(name);

    public bool HasPortal(string name) => _portals.ContainsKey(name);

    /// <summary>The answers to one message, in order; a real server may hold them back until Sync or Flush.</summary>
    public List<byte[]> Handle(WireMessage message)
    {
        _answers.Clear();
        if (_copy is not Copy.None)
        {
            CopyIn(message);
        }
        else if (message.Type is 'S')
        {
            _skipping = false;
            EndImplicitTransaction();
            Ready();
        }
        else if (!_skipping)
        {
            Dispatch(message);
        }

        return [.. _answers];
    }

    /// <summary>What DISCARD ALL does, which only the proxy sends.</summary>
    public List<byte[]> Discard()
    {
        _statements.Clear();
        _portals.Clear();
        return [Backend.CommandComplete("DISCARD ALL"), Backend.ReadyForQuery(_status)];
    }

    private void Dispatch(WireMessage message)
    {
        switch (message.Type)
        {
            case 'Q':
                _statements.Remove("");
                _portals.Remove("");
                Query(message.Strings(0, 1)[0]);
                break;
            case 'P':
                Parse(message.Strings(0, 2));
                break;
            case 'B':
                Bind(message.Strings(0, 2));
                break;
            case 'D':
                Describe((char)message.Body[0], message.Strings(1, 1)[0]);
                break;
            case 'E':
                var name = message.Strings(0, 1)[0];
                Execute(name, BinaryPrimitives.ReadInt32BigEndian(message.Body.AsSpan(name.Length + 1)));
                break;
            case 'C':
                Close((char)message.Body[0], message.Strings(1, 1)[0]);
                break;
            case 'F':
                _answers.Add(new MessageWriter('V').Value("called").ToArray());
                EndImplicitTransaction();
                Ready();
                break;
            case 'H' or 'd' or 'c' or 'f':
                break;
            default:
                throw new InvalidDataException($"the model knows no message '{message.Type}'");
        }
    }

    private void Query(string text)
    {
        if (text.Length is 0)
        {
            _answers.Add(new MessageWriter('I').ToArray());
        }
        else if (Refusal(text) is { } code)
        {
            Fail(code);
        }
        else
        {
            Describe(text);
            if (Run(new Portal(text), int.MaxValue) && text is "copy in")
            {
                _copy = Copy.InQuery;
                return;
            }
        }

        EndImplicitTransaction();
        Ready();
    }

    private void Parse(string[] parts)
    {
        var (name, text) = (parts[0], parts[1]);
        if (text.StartsWith("bad", StringComparison.Ordinal))
        {
            FailBatch("42601");
        }
        else if (IsRefusedInFailure(text))
        {
            FailBatch("25P02");
        }
        else if (name.Length > 0 && _statements.ContainsKey(name))
        {
            FailBatch("42P05");
        }
        else
        {
            _statements[name] = text;
            _answers.Add(Backend.ParseComplete());
        }
    }

    private void Bind(string[] parts)
    {
        var (portal, statement) = (parts[0], parts[1]);
        if (!_statements.TryGetValue(statement, out var text))
        {
            FailBatch("26000");
        }
        else if (IsRefusedInFailure(text))
        {
            FailBatch("25P02");
        }
        else if (portal.Length > 0 && _portals.ContainsKey(portal))
        {
            FailBatch("42P03");
        }
        else
        {
            _portals[portal] = new Portal(text);
            _answers.Add(Backend.BindComplete());
        }
    }

    private void Describe(char kind, string name)
    {
        var text = kind is 'S' ? _statements.GetValueOrDefault(name) : _portals.GetValueOrDefault(name)?.Text;
        if (text is null)
        {
            FailBatch(kind is 'S' ? "26000" : "34000");
            return;
        }

        if (_status is 'E' && HasRows(text))
        {
            FailBatch("25P02");
            return;
        }

        if (kind is 'S')
        {
            _answers.Add(new MessageWriter('t').Int16(0).ToArray());
        }

        if (!Describe(text))
        {
            _answers.Add(Backend.NoData());
        }
    }

    private void Execute(string name, int most)
    {
        if (!_portals.TryGetValue(name, out var portal))
        {
            FailBatch("34000");
        }
        else if (IsRefusedInFailure(portal.Text))
        {
            FailBatch("25P02");
        }
        else if (portal.Text.Length is 0)
        {
            _answers.Add(new MessageWriter('I').ToArray());
        }
        else if (portal.Text.StartsWith("select fail", StringComparison.Ordinal))
        {
            FailBatch("22012");
        }
        else if (Run(portal, most is 0 ? int.MaxValue : most) && portal.Text is "copy in")
        {
            _copy = Copy.InBatch;
        }
    }

    private void Close(char kind, string name)
    {
        if (kind is 'S')
        {
            _statements.Remove(name);
        }
        else
        {
            _portals.Remove(name);
        }

        _answers.Add(new MessageWriter('3').ToArray());
    }

    private void CopyIn(WireMessage message)
    {
        if (message.Type is 'd' or 'H' or 'S')
        {
            return;
        }

        var wasInQuery = _copy is Copy.InQuery;
        _copy = Copy.None;
        if (message.Type is 'c')
        {
            _answers.Add(Backend.CommandComplete("COPY 1"));
        }
        else
        {
            Fail(message.Type is 'f' ? "57014" : "08P01");
            _skipping = !wasInQuery;
        }

        if (wasInQuery)
        {
            EndImplicitTransaction();
            Ready();
        }
    }

    /// <summary>Runs a portal whose text is allowed now. True when it ran at all.</summary>
    private bool Run(Portal portal, int most)
    {
        switch (portal.Text)
        {
            case "begin":
                _status = 'T';
                Complete("BEGIN");
                break;
            case "commit":
            case "rollback":
                Complete(_status is 'E' || portal.Text is "rollback" ? "ROLLBACK" : "COMMIT");
                _status = 'I';
                _portals.Clear();
                break;
            case "copy in":
                _answers.Add(Backend.CopyInResponse());
                break;
            case var text when text.StartsWith("copy out", StringComparison.Ordinal):
                _answers.Add(Backend.CopyOutResponse());
                _answers.Add(Frontend.CopyData(text));
                _answers.Add(Frontend.CopyData(new string('o', 300)));
                _answers.Add(Frontend.CopyDone());
                Complete("COPY 2");
                break;
            case var text when HasRows(text):
                Rows(portal, most);
                break;
            default:
                Complete("DO");
                break;
        }

        return true;
    }

    private void Rows(Portal portal, int most)
    {
        var count = Count(portal.Text);
        for (; portal.Sent < count && most > 0; most--)
        {
            _answers.Add(Backend.DataRow(portal.Text, portal.Sent.ToString(CultureInfo.InvariantCulture)));
            portal.Sent++;
        }

        if (most is 0)
        {
            // As a real server: that there is no further row shows only when the next one is asked for.
            _answers.Add(new MessageWriter('s').ToArray());
        }
        else
        {
            Complete($"SELECT {count}");
        }
    }

    private string? Refusal(string text) =>
        text.StartsWith("bad", StringComparison.Ordinal) ? "42601"
        : IsRefusedInFailure(text) ? "25P02"
        : text.StartsWith("select fail", StringComparison.Ordinal) ? "22012"
        : null;

    private bool IsRefusedInFailure(string text) =>
        _status is 'E' && text is not ("commit" or "rollback" or "" or "ROLLBACK");

    private static bool HasRows(string text) => text.StartsWith("select ", StringComparison.Ordinal);

    private static int Count(string text) =>
        text.Split(' ') is [_, "rows", var count, ..] ? int.Parse(count, CultureInfo.InvariantCulture) : 1;

    private bool Describe(string text)
    {
        if (HasRows(text))
        {
            _answers.Add(Backend.RowDescription("text", "number"));
        }

        return HasRows(text);
    }

    private void Complete(string tag) => _answers.Add(Backend.CommandComplete(tag));

    private void Ready() => _answers.Add(Backend.ReadyForQuery(_status));

    private void FailBatch(string code)
    {
        Fail(code);
        _skipping = true;
    }

    private void Fail(string code)
    {
        _answers.Add(Backend.Error(code, "as asked"));
        if (_status is 'T')
        {
            _status = 'E';
        }
        else if (_status is 'I')
        {
            _portals.Clear();
        }
    }

    private void EndImplicitTransaction()
    {
        if (_status is 'I')
        {
            _portals.Clear();
        }
    }

    private sealed class Portal(string text)
    {
        public string Text => text;

        public int Sent { get; set; }
    }
}
