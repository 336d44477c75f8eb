using System.Text;
using Freshet.Core.Sql;
using Xunit;

namespace Freshet.Tests.Unit.Sql;

public class StatementScannerTests
{
    private static StatementScan Scan(string sql) =>
        StatementScanner.Scan(Encoding.UTF8.GetBytes(sql), standardConformingStrings: true);

    private static void AssertTraits(string expected, string sql) =>
        Assert.Equal(Enum.Parse<StatementTraits>(expected), Scan(sql).Traits);

    [Theory]
    [InlineData("SET x = 1", "Set")]
    [InlineData("set /* c */ x to 'a'", "Set")]
    [InlineData("select 1; -- x\n SET x = 1", "Set")]
    [InlineData("SET SESSION x = 1", "Set")]
    [InlineData("SET TIME ZONE 'UTC'", "Set")]
    [InlineData("SET SESSION CHARACTERISTICS AS TRANSACTION READ ONLY", "Set")]
    [InlineData("SET \"x\" = 1", "Set")]
    [InlineData("SET my.x = 1", "Set, CustomSetting")]
    [InlineData("SET SESSION my.x = 1", "Set, CustomSetting")]
    [InlineData("SET local.x = 1", "Set, SetLocal, CustomSetting")]
    [InlineData("SET LOCAL x = 1", "SetLocal")]
    [InlineData("SET LOCAL my.x = 1", "SetLocal, CustomSetting")]
    [InlineData("SET TRANSACTION READ ONLY", "None")]
    [InlineData("SET CONSTRAINTS ALL DEFERRED", "None")]
    [InlineData("SET ROLE bob", "SessionAuthorization")]
    [InlineData("SET SESSION ROLE bob", "SessionAuthorization")]
    [InlineData("SET LOCAL ROLE bob", "SetLocal, SessionAuthorization")]
    [InlineData("SET SESSION AUTHORIZATION bob", "SessionAuthorization")]
    [InlineData("SET SESSION SESSION AUTHORIZATION bob", "SessionAuthorization")]
    [InlineData("SET LOCAL SESSION AUTHORIZATION bob", "SetLocal, SessionAuthorization")]
    [InlineData("SET \"Role\" TO bob", "Set, SessionAuthorization")]
    [InlineData("SET session_authorization TO bob", "Set, SessionAuthorization")]
    [InlineData("SET x TO role", "Set")]
    [InlineData("SET SEED TO 0.5", "Set, Seed")]
    [InlineData("SELECT setseed(0.5)", "Seed")]
    [InlineData("UPDATE t SET x = 1", "None")]
    [InlineData("ALTER ROLE r SET x = 1", "Ddl")]
    [InlineData("SELECT pg_catalog.Set_Config('x', 'y', true)", "SetConfig")]
    [InlineData("SELECT \"set_config\"('x', 'y', true)", "SetConfig")]
    [InlineData("SELECT \"SET_CONFIG\"('x', 'y', true)", "None")]
    [InlineData("SELECT 'set_config', $$set_config$$ /* set_config */ -- set_config", "None")]
    [InlineData("UPDATE pg_catalog.pg_settings SET setting = 'x'", "SetConfig")]
    [InlineData("SELECT * FROM pg_settings", "None")]
    [InlineData("RESET x", "Reset")]
    [InlineData("RESET ROLE", "Reset, SessionAuthorization")]
    [InlineData("RESET SESSION AUTHORIZATION", "Reset, SessionAuthorization")]
    [InlineData("RESET ALL", "ResetAll")]
    [InlineData("DISCARD ALL", "DiscardAll")]
    [InlineData("DISCARD TEMP", "Discard")]
    [InlineData("LISTEN x", "Listen")]
    [InlineData("UNLISTEN *", "Unlisten")]
    [InlineData("NOTIFY x", "Notify")]
    [InlineData("SELECT listen, notify FROM load", "None")]
    [InlineData("CREATE TEMP TABLE t (a int)", "TempObject, Ddl")]
    [InlineData("CREATE LOCAL TEMPORARY TABLE t (a int)", "TempObject, Ddl")]
    [InlineData("CREATE OR REPLACE TEMP VIEW v AS SELECT 1", "TempObject, Ddl")]
    public void Traits_are_seen_by_tokens(string sql, string expected) => AssertTraits(expected, sql);

    [Theory]
    [InlineData("SELECT 1 AS a INTO TEMP t", "TempObject")]
    [InlineData("WITH x AS (SELECT 1) SELECT * INTO TEMPORARY TABLE t FROM x", "TempObject")]
    [InlineData("CREATE TABLE pg_temp.t (a int)", "TempObject, Ddl")]
    [InlineData("CREATE TABLE \"pg_temp_3\".t (a int)", "TempObject, Ddl")]
    [InlineData("CREATE TABLE t (temp int, temporary int)", "Ddl")]
    [InlineData("SELECT temp FROM pg_temperature", "None")]
    [InlineData("CREATE TABLE u&\"\\0070g_temp\".t (a int)", "Ddl, Opaque")]
    [InlineData("SELECT pg_advisory_lock(1)", "AdvisoryLock")]
    [InlineData("SELECT pg_try_advisory_lock_shared(1)", "AdvisoryLock")]
    [InlineData("SELECT \"pg_advisory_lock\"(1)", "AdvisoryLock")]
    [InlineData("SELECT pg_advisory_xact_lock(1), pg_try_advisory_xact_lock(1)", "None")]
    [InlineData("SELECT pg_advisory_unlock_all()", "AdvisoryUnlock")]
    [InlineData("DECLARE c CURSOR WITH HOLD FOR SELECT 1", "HoldCursor")]
    [InlineData("DECLARE c CURSOR WITHOUT HOLD FOR SELECT hold", "None")]
    [InlineData("CLOSE ALL", "CloseCursor")]
    [InlineData("PREPARE p AS SELECT 1", "Prepare")]
    [InlineData("PREPARE \"p\" AS SELECT 1", "Prepare")]
    [InlineData("PREPARE transaction AS SELECT 1", "Prepare")]
    [InlineData("PREPARE transaction(int) AS SELECT 1", "Prepare")]
    [InlineData("PREPARE TRANSACTION 'x'", "PrepareTransaction")]
    [InlineData("EXECUTE p(1)", "Execute")]
    [InlineData("EXPLAIN (ANALYZE) EXECUTE p", "Execute")]
    [InlineData("CREATE TABLE t AS EXECUTE p", "Execute, Ddl")]
    [InlineData("CREATE TRIGGER t BEFORE INSERT ON x EXECUTE FUNCTION f()", "Ddl")]
    [InlineData("GRANT EXECUTE ON FUNCTION f() TO x", "None")]
    [InlineData("DEALLOCATE ALL", "Deallocate")]
    [InlineData("LOAD 'auto_explain'", "Load")]
    [InlineData("BEGIN", "TransactionBegin")]
    [InlineData("START TRANSACTION", "TransactionBegin")]
    [InlineData("COMMIT", "TransactionEnd")]
    [InlineData("END WORK", "TransactionEnd")]
    [InlineData("ABORT", "TransactionEnd")]
    [InlineData("ROLLBACK", "TransactionEnd")]
    [InlineData("ROLLBACK AND CHAIN; SELECT 1", "TransactionEnd")]
    [InlineData("ROLLBACK TRANSACTION TO SAVEPOINT x", "Savepoint")]
    [InlineData("ROLLBACK TO x", "Savepoint")]
    [InlineData("SAVEPOINT x", "Savepoint")]
    [InlineData("RELEASE x", "Savepoint")]
    [InlineData("COPY t TO STDOUT", "Copy")]
    [InlineData("DROP TABLE t", "Drop, Ddl")]
    [InlineData("DO $$ begin end $$", "Do")]
    [InlineData("INSERT INTO t VALUES (1) ON CONFLICT DO NOTHING", "None")]
    [InlineData("CALL p()", "Call")]
    [InlineData("CREATE RULE r AS ON INSERT TO t DO (SELECT 1; NOTIFY x)", "Notify, Ddl")]
    [InlineData("(SELECT 1)", "None")]
    [InlineData("SELECT 'SET x = 1; LISTEN y'", "None")]
    [InlineData("/* SET */ SELECT \"set\" FROM x -- ; SET x = 1", "None")]
    public void Traits_are_seen_by_tokens_in_less_common_statements(string sql, string expected) =>
        AssertTraits(expected, sql);

    [Fact]
    public void A_dollar_tag_that_is_too_long_makes_the_text_opaque()
    {
        var tag = $"${new string('t', 65)}$";
        Assert.Equal(StatementTraits.Opaque, Scan($"select {tag}{tag}").Traits);
    }

    [Theory]
    [InlineData("", 0, "Empty")]
    [InlineData(" ; /* x */ ;; -- y", 0, "Empty")]
    [InlineData("select 1", 1, "Select")]
    [InlineData(";select 1;;", 1, "Select")]
    [InlineData("((select 1)) union (select 2); values (1)", 2, "Select")]
    [InlineData("with x as (select ';') select 1; ; delete from t", 2, "With")]
    [InlineData("create rule r as on insert to t do (select 1; select 2); select 3", 2, "Create")]
    [InlineData("create function f() returns int begin atomic select 1; select 2; end; select 3", 2, "Create")]
    [InlineData("create function f() returns int begin atomic "
        + "select case when x then 1 else case when y then 2 end end; select 1 as case, t.end; "
        + "select 2; end", 1, "Create")]
    [InlineData("create procedure begin() as 'x'; select 1", 2, "Create")]
    [InlineData("create function f() returns int as $$ begin; end; $$; begin; end", 3, "Create")]
    [InlineData("begin; select case when a then b end; end", 3, "Begin")]
    [InlineData("flurb; 'x'", 2, "Other")]
    [InlineData("'x'", 1, "Other")]
    [InlineData("selected", 1, "Other")]
    [InlineData("\"select\"", 1, "Other")]
    public void Statements_are_counted_at_top_level(string sql, int count, string first)
    {
        var scan = Scan(sql);
        Assert.Equal(count, scan.Statements);
        Assert.Equal(Enum.Parse<StatementKind>(first), scan.First);
    }

    [Fact]
    public void Every_keyword_that_leads_a_statement_is_known_in_any_case()
    {
        foreach (var kind in Enum.GetValues<StatementKind>())
        {
            if (kind is StatementKind.Empty or StatementKind.Other) continue;
            Assert.Equal(kind, Scan(kind.ToString().ToUpperInvariant()).First);
            Assert.Equal(kind, Scan(kind.ToString().ToLowerInvariant() + " x").First);
            Assert.Equal(StatementKind.Other, Scan(kind + "x").First);
        }
    }

    [Fact]
    public void Every_split_point_gives_the_same_scan()
    {
        string[] texts =
        [
            .. SqlLexerTests.Nasty,
            "SET SESSION my.x = 1; CREATE TEMP TABLE t(a int); select pg_advisory_lock(1); prepare transaction 'x'",
            "create function f() returns int begin atomic select case when x then 1 end; end; rollback to x; rollback",
        ];
        foreach (var sql in texts)
        {
            var text = Encoding.UTF8.GetBytes(sql);
            var whole = Scan(sql);
            for (var at = 0; at <= text.Length; at++)
            {
                var scanner = new StatementScanner(standardConformingStrings: true);
                scanner.Feed(text.AsSpan(0, at));
                scanner.Feed(text.AsSpan(at));
                Assert.Equal(whole, scanner.Finish());
            }
        }
    }

    [Fact]
    public void Scanning_allocates_nothing()
    {
        var text = Encoding.UTF8.GetBytes(string.Join(';', SqlLexerTests.Nasty));
        Assert.Equal(0, Allocations.Least(() =>
        {
            for (var i = 0; i < 100; i++) StatementScanner.Scan(text, standardConformingStrings: true);
        }));
    }
}
