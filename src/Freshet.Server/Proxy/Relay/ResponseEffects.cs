using System.Text;
using Freshet.Core.Wire;
using Freshet.Server.Proxy.Clients;
using Freshet.Server.Proxy.Servers;
using Freshet.Server.Proxy.State;
using Freshet.Server.Proxy.Statements;

namespace Freshet.Server.Proxy.Relay;

/// <summary>What a server's answers change: the queue of due answers, the statements known to be prepared, settings,
/// the transaction status.</summary>
internal sealed class ResponseEffects(ServerConnection server)
{
    private ExpectedQueue Expected => server.Expected;

    /// <summary>ReadyForQuery: false when it was not due or names no status. Whether the client sees it is in
    /// <paramref name="swallow"/>.</summary>
    public bool Ready(ReadOnlySpan<byte> body, out bool swallow)
    {
        swallow = false;
        if (body is not [(byte)'I' or (byte)'T' or (byte)'E'])
        {
            return false;
        }

        server.Status = (TransactionStatus)body[0];
        if (Expected.Count == 0 || !Expected.Front.EndsWithReady)
        {
            // After a failed COPY this may be the answer to a Sync that the copy did not swallow after all.
            server.SkippingToSync &= !server.CopyIn.Doubtful;
            server.OpenBatch &= !server.CopyIn.Doubtful;
            return server.CopyIn.Doubtful;
        }

        ExpectedResponse answered = Expected.Take();
        swallow = answered.Swallow;
        if (answered.Reference is ServerOperation operation)
        {
            server.CompletedOperation = operation;
        }

        if (!swallow)
        {
            server.Client?.Cache?.OnReady(server);
            server.OnQueryDone();
        }

        return true;
    }

    /// <summary>ParseComplete, BindComplete, CloseComplete: false when it was not due.</summary>
    public bool Completes(byte type)
    {
        ExpectedKind kind = type switch
        {
            BackendMessage.ParseComplete => ExpectedKind.Parse,
            BackendMessage.BindComplete => ExpectedKind.Bind,
            _ => ExpectedKind.Close,
        };
        if (Expected.Count == 0 || Expected.Front.Kind != kind)
        {
            return false;
        }

        Expected.Take();
        return true;
    }

    public void CommandComplete(ReadOnlySpan<byte> body)
    {
        server.CopyIn.Succeeded();
        if (body.Length == 0 || Expected.Count == 0)
        {
            return;
        }

        ReadOnlySpan<byte> tag = body[..^1];
        if (server.Client?.Cache is { } cache && ChangesDefinitions(tag))
        {
            cache.ChangesDefinitions = true;
        }

        if (tag.SequenceEqual("DISCARD ALL"u8))
        {
            server.Statements.Clear();
            server.Settings = SettingsSet.Empty;
            server.Client?.State.Discarded();
        }
        else if (tag.SequenceEqual("DEALLOCATE ALL"u8))
        {
            server.Statements.Clear();
            server.Client?.State.Statements?.Clear();
        }
    }

    /// <summary>Definitions or rights: what streams of changes do not tell.</summary>
    private static bool ChangesDefinitions(ReadOnlySpan<byte> tag) =>
        tag.StartsWith("CREATE "u8) || tag.StartsWith("ALTER "u8) || tag.StartsWith("DROP "u8)
        || tag.StartsWith("GRANT"u8) || tag.StartsWith("REVOKE"u8) || tag.StartsWith("REFRESH "u8)
        || tag.StartsWith("REASSIGN "u8) || tag.StartsWith("IMPORT "u8) || tag.SequenceEqual("DO"u8);

    /// <summary>ErrorResponse: true when the client must not see it as it is (it was replaced or dropped).</summary>
    public bool Error(ReadOnlySpan<byte> body, ref RelayOutput output)
    {
        ErrorFields error = ErrorFields.Read(body);
        server.OnError(error);
        if (Expected.Count == 0)
        {
            return false;
        }

        server.CopyIn.Failed();
        ExpectedResponse failed = Expected.Front;
        if (failed.Reference is ServerOperation operation)
        {
            operation.Error ??= body.ToArray();
        }

        if (failed.Kind is ExpectedKind.Query or ExpectedKind.FunctionCall)
        {
            return failed.Swallow;
        }

        if (failed.Kind == ExpectedKind.Sync)
        {
            return false; // an error at commit: ReadyForQuery follows
        }

        bool replace =
            (failed.Flags & ExpectedFlags.DuplicateName) != 0
            && error.SqlState.SequenceEqual("42P05"u8)
            && failed.Reference is ClientStatement;
        Judge(failed, error);
        SkipToSync();
        server.SkippingToSync = Expected.Count == 0;
        if (replace)
        {
            string name = Encoding.UTF8.GetString(((ClientStatement)failed.Reference!).Name);
            output.Insert(ClientErrors.DuplicateStatement(name));
        }

        // An injected Parse or Close is answered for by whatever the client asked next: it gets the error.
        return replace;
    }

    /// <summary>ParameterStatus: true when the client is to see it as it is. After a RESET it sees the value that
    /// its session started with, which will be in force again before its next statement.</summary>
    public bool ParameterStatus(ReadOnlySpan<byte> body, bool swallowed, ref RelayOutput output)
    {
        var reader = new MessageReader(body);
        if (
            !reader.TryCString(out ReadOnlySpan<byte> nameBytes)
            || !reader.TryCString(out ReadOnlySpan<byte> valueBytes)
        )
        {
            return !swallowed;
        }

        string name = Encoding.Latin1.GetString(nameBytes);
        string value = Encoding.Latin1.GetString(valueBytes);
        string folded = SettingsSet.Fold(name);
        SessionState? state = server.Client?.State;
        string? told = (state?.SettingsBeforeDiscard ?? state?.Settings)?.Find(folded);
        bool shown = server.OnParameterStatus(name, value, swallowed);
        if (
            !shown
            || server.Client is not { State.ResetUnderWay: true } client
            || client.State.Baseline.Find(folded) is not { } start
            || !server.IsNeutral(name, value)
        )
        {
            return shown;
        }

        client.State.Settings = client.State.Settings.With(folded, start);
        if (!string.Equals(told, start, StringComparison.Ordinal))
        {
            output.Insert(
                new MessageWriter()
                    .Begin(BackendMessage.ParameterStatus)
                    .CString(nameBytes)
                    .CString(Encoding.Latin1.GetBytes(start))
                    .End()
                    .Written
            );
        }

        return false;
    }

    /// <summary>What an error in the extended protocol says about the prepared statements.</summary>
    private void Judge(in ExpectedResponse failed, ErrorFields error)
    {
        if (
            failed.Kind is ExpectedKind.Bind or ExpectedKind.DescribeStatement
            && failed.Reference is StatementEntry entry
        )
        {
            if (error.SqlState.SequenceEqual("0A000"u8))
            {
                // "cached plan must not change result type": the next Parse of this text must reach the server.
                server.Statements.Stale.Add(entry);
            }
            else if (error.SqlState.SequenceEqual("26000"u8))
            {
                // Something deallocated it behind our back (a function, say).
                server.CloseWhenReleased = true;
            }
        }
        else if (
            failed.Kind == ExpectedKind.Parse
            && failed.Flags == ExpectedFlags.Swallow
            && error.SqlState.SequenceEqual("42P05"u8)
        )
        {
            server.CloseWhenReleased = true;
        }
    }

    /// <summary>The server now reads on to the next Sync without doing anything: what stands before it in the queue
    /// has not happened, on either side. Undone last first: a Close may be of what a Parse before it made.</summary>
    private void SkipToSync()
    {
        var skipped = new Stack<ExpectedResponse>();
        while (Expected.Count > 0 && Expected.Front.Kind != ExpectedKind.Sync)
        {
            skipped.Push(Expected.Take());
        }

        while (skipped.TryPop(out ExpectedResponse request))
        {
            if (request.Kind == ExpectedKind.Parse)
            {
                UndoParse(request);
            }
            else if (request.Kind == ExpectedKind.Close)
            {
                UndoClose(request);
            }
        }
    }

    private void UndoClose(in ExpectedResponse skipped)
    {
        switch (skipped.Reference)
        {
            case StatementEntry unnamed when (skipped.Flags & ExpectedFlags.Unnamed) != 0:
                server.Statements.Unnamed = unnamed;
                break;
            case StatementEntry entry:
                server.Statements.Add(entry);
                if ((skipped.Flags & ExpectedFlags.Evict) == 0)
                {
                    server.Statements.Stale.Add(entry); // it was to be closed because its plan no longer fits
                }

                break;
            case ClientStatement closed:
                server.Client?.State.Statements?.Add(closed);
                break;
        }
    }

    private void UndoParse(in ExpectedResponse skipped)
    {
        if ((skipped.Flags & ExpectedFlags.DuplicateName) != 0)
        {
            return;
        }

        ClientStatements? ofClient = server.Client?.State.Statements;
        if ((skipped.Flags & ExpectedFlags.Unnamed) != 0)
        {
            server.Statements.Unnamed = null;
            if (!skipped.Swallow)
            {
                ofClient?.Unnamed = null;
            }

            return;
        }

        if (skipped.Reference is ClientStatement named)
        {
            ofClient?.Remove(named);
        }

        if (!skipped.Local && skipped.Reference is StatementEntry or ClientStatement)
        {
            StatementEntry entry = (skipped.Reference as ClientStatement)?.Entry ?? (StatementEntry)skipped.Reference;
            server.Statements.Remove(entry);
        }
    }
}
