using System.Globalization;
using Freshet.Tests.Integration.Wire;
using static Freshet.Tests.Integration.Wire.Frontend;

namespace Freshet.Tests.Integration.Hardening.Fuzz;

/// <summary>Makes up what a client sends next, mostly sensible, sometimes not. It looks at the client's own model, so
/// that it knows what exists; the texts carry the client's name, so that an answer shows whose it is.</summary>
/// <param name="random">Of the client.</param>
/// <param name="name">The client's name.</param>
/// <param name="model">What answers are due.</param>
internal sealed class RandomBatch(Random random, string name, ModelBackend model)
{
    /// <summary>Few, so that clients share contents.</summary>
    private static readonly string[] SharedTexts =
    [
        "select 'shared'", "select rows 3 'shared'", "select fail 'shared'", "begin", "commit", "rollback", "",
        "notify",
    ];

    private readonly List<byte[]> _sent = [];
    private readonly List<byte[]> _expected = [];
    private int _number;

    /// <summary>Messages to send and the answers that must come. It ends where the answers can be waited for: with a
    /// Sync, a Flush, a query or a finished COPY.</summary>
    public (List<byte[]> Sent, List<byte[]> Expected) Next()
    {
        _sent.Clear();
        _expected.Clear();
        for (var rounds = random.Next(1, 4); rounds > 0; rounds--)
        {
            if (model.IsCopyingIn)
            {
                FinishCopy();
            }
            else if (random.Next(3) is 0 && !model.IsSkipping)
            {
                Simple();
            }
            else
            {
                Extended();
            }
        }

        Add(random.Next(5) is 0 ? Flush() : Sync());
        if (model.IsCopyingIn)
        {
            FinishCopy();
            Add(Sync());
        }

        return ([.. _sent], [.. _expected]);
    }

    /// <summary>Out of whatever it is in, so that the session ends at rest.</summary>
    public (List<byte[]> Sent, List<byte[]> Expected) Rest()
    {
        _sent.Clear();
        _expected.Clear();
        Add(Sync());
        Add(Query("rollback"));
        return ([.. _sent], [.. _expected]);
    }

    private void Simple()
    {
        switch (random.Next(12))
        {
            case 0:
                Add(FunctionCall(1, "x"));
                break;
            case 1:
                // Stray copy messages are ignored.
                Add(CopyData("stray"));
                Add(CopyDone());
                break;
            case 2:
                Add(Query("copy in"));
                break;
            default:
                Add(Query(Text()));
                break;
        }
    }

    private void Extended()
    {
        for (var count = random.Next(1, 6); count > 0 && !model.IsCopyingIn; count--)
        {
            switch (random.Next(8))
            {
                case 0:
                    Add(Parse(ParsedStatement(), ParseText()));
                    break;
                case 1:
                    // In a failed transaction the proxy cannot bring a statement back to describe it.
                    Add(random.Next(2) is 0 && model.Status is not 'E'
                        ? DescribeStatement(NamedStatement())
                        : DescribePortal(Portal()));
                    break;
                case 2:
                    Add(random.Next(2) is 0 ? CloseStatement(NamedStatement()) : ClosePortal(Portal()));
                    break;
                case 3:
                    Add(random.Next(3) is 0 ? Flush() : Sync());
                    break;
                case 4:
                    Add(Execute(Portal(), random.Next(3)));
                    break;
                default:
                    Whole();
                    break;
            }
        }
    }

    /// <summary>What drivers do: a statement where there is none yet, and then one execution.</summary>
    private void Whole()
    {
        var statement = Statement();
        if (!model.HasStatement(statement) || statement.Length is 0)
        {
            Add(Parse(statement, ParseText()));
        }

        var portal = Portal();
        Add(Bind(portal, statement));
        if (random.Next(2) is 0)
        {
            Add(DescribePortal(portal));
        }

        Add(Execute(portal, random.Next(4) is 0 ? 1 : 0));
    }

    private void FinishCopy()
    {
        for (var count = random.Next(4); count > 0; count--)
        {
            Add(CopyData(new string('c', random.Next(1, 200))));
        }

        Add(random.Next(4) is 0 ? CopyFail("no more") : CopyDone());
    }

    private string Text() =>
        random.Next(10) switch
        {
            0 => "begin",
            1 => "commit",
            2 => "rollback",
            3 => Own("select fail"),
            4 => Own($"select rows {random.Next(6)}"),
            5 => Own("copy out"),
            6 => Own("bad"),
            7 => SharedTexts[random.Next(SharedTexts.Length)],
            _ => Own("select"),
        };

    // A text that is prepared already is answered by the proxy, which in a failed transaction the server would refuse.
    private string ParseText() =>
        model.Status is 'E' ? random.Next(2) is 0 ? "rollback" : Own("select")
        : random.Next(3) is 0 ? SharedTexts[random.Next(SharedTexts.Length)]
        : random.Next(10) is 0 ? "copy in"
        : Text();

    private string Own(string start) =>
        $"{start} '{name} {(++_number).ToString(CultureInfo.InvariantCulture)}{new string('.', random.Next(60))}'";

    private string Statement() => random.Next(4) is 0 ? "" : NamedStatement();

    private string NamedStatement() => $"s{random.Next(5)}";

    // A name that exists already: in a failed transaction the proxy lets the failure speak first.
    private string ParsedStatement()
    {
        var statement = Statement();
        return model.Status is 'E' && model.HasStatement(statement) ? "" : statement;
    }

    private string Portal() => random.Next(3) is 0 ? $"p{random.Next(2)}" : "";

    private void Add(byte[] message)
    {
        _sent.Add(message);
        _expected.AddRange(model.Handle(new WireMessage((char)message[0], message[5..])));
    }
}
