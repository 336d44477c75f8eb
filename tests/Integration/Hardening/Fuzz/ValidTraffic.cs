using static Freshet.Tests.Integration.Wire.Frontend;

namespace Freshet.Tests.Integration.Hardening.Fuzz;

/// <summary>What well-behaved clients send, as drivers do, up to where Terminate may follow: the material that the
/// fuzzer spoils.</summary>
internal static class ValidTraffic
{
    /// <summary>The table that COPY writes to.</summary>
    public const string Table = "create table if not exists spoilt (i int, t text)";

    private static byte[] Startup => StartupMessage(Version30, ("user", "app"), ("database", "app"));

    private static byte[] StartupWithSettings =>
        StartupMessage(
            Version32, ("user", "app"), ("database", "app"), ("application_name", "spoilt"), ("DateStyle", "German"),
            ("options", "-c work_mem=2222kB"));

    /// <summary>Each is answered with as many ReadyForQuery as <see cref="Readies"/> says.</summary>
    public static IReadOnlyList<byte[][]> Sessions { get; } =
    [
        [Startup, Query("select 'mine', 1"), Query("select repeat('m', 3000)"), Query("")],
        [
            StartupWithSettings, Query("begin"), Query("set local work_mem = '1111kB'"), Query("savepoint a"),
            Query("select 1/0"), Query("rollback to a"), Query("select 'mine'; select 'mine too'"), Query("commit"),
        ],
        [
            Startup, Parse("", "select $1::text, $2::int"), Bind("", "", "mine", "7"), DescribePortal(""), Execute(),
            Sync(), Parse("", "select generate_series(1, 9)"), Bind("p", ""), Execute("p", 4), Execute("p", 4), Flush(),
            ClosePortal("p"), Sync(),
        ],
        [
            Startup, Parse("s1", "select 'mine', $1::text"), DescribeStatement("s1"), Sync(), Bind("", "s1", "a"),
            Execute(), Bind("", "s1", [null]), Execute(), Sync(), CloseStatement("s1"), Sync(), Bind("", "s1", "a"),
            Execute(), Sync(),
        ],
        [
            Startup, Query("prepare s1 as select 'mine'"), Query("execute s1"), Query("deallocate s1"),
            Query("set application_name = 'spoilt'"), Query("set work_mem = '4444kB'"), Query("show work_mem"),
            Query("reset all"), Query("discard all"),
        ],
        [
            Startup, Query("copy spoilt from stdin"), CopyData("1\tone\n"), CopyData("2\ttwo\n3\tth"), CopyData("r\n"),
            CopyDone(), Query("copy (select 'mine', generate_series(1, 20)) to stdout"), Query("truncate spoilt"),
        ],
        [
            Startup, Parse("", "copy spoilt from stdin"), Bind("", ""), Execute(), CopyData("1\tone\n"),
            CopyFail("mind changed"), Sync(), Query("begin"), Parse("", "copy (select 'mine') to stdout"), Bind("", ""),
            Execute(), Sync(), Query("rollback"),
        ],
        [
            Startup, Query("begin"), Parse("c", "declare x cursor for select generate_series(1, 100)"), Bind("", "c"),
            Execute(), Sync(), Query("fetch 3 from x"), Query("select pg_advisory_xact_lock(99)"), Query("rollback"),
            Query("create temporary table mine (i int)"), Query("insert into mine values (1)"),
        ],
    ];

    /// <summary>How many ReadyForQuery answer them.</summary>
    public static int Readies(byte[][] session) =>
        1 + session.Skip(1).Count(message => message[0] is (byte)'Q' or (byte)'S');
}
