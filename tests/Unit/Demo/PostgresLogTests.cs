using Freshet.Server.Demo;
using Xunit;

namespace Freshet.Tests.Unit.Demo;

public sealed class PostgresLogTests
{
    [Fact]
    public void The_reason_of_initdb_is_its_failure_and_not_how_it_tidied_up()
    {
        const string text = """
            2026-11-21 04:34:20 UTC [1] PANIC:  could not write to file "pg_wal/xlogtemp.1": No space left on device
            child process was terminated by signal 6: Aborted
            initdb: removing contents of data directory "/tmp/cluster/data"
            """;
        Assert.Equal(
            "could not write to file \"pg_wal/xlogtemp.1\": No space left on device",
            new ChildCommand.Result(1, "", text).Cause());
    }

    [Fact]
    public void A_panic_counts_more_than_what_the_other_sessions_say_of_it()
    {
        const string log = """
            [7] FATAL:  the database system is in recovery mode
            [5] PANIC:  no space
            """;
        Assert.Equal("no space", PostgresLog.Failure(log));
    }

    [Fact]
    public void A_program_without_a_marked_line_is_quoted_with_its_last_one() =>
        Assert.Equal("went wrong", new ChildCommand.Result(1, "", "so far good\nwent wrong\n").Cause());

    [Fact]
    public void A_log_without_failure_has_no_reason() =>
        Assert.Null(PostgresLog.Failure("[3] LOG:  database system is ready to accept connections"));
}
