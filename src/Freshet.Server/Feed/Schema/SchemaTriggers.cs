namespace Freshet.Server.Feed.Schema;

/// <summary>Event triggers that tell the stream of each changed definition within the transaction that changes it. They
/// need a superuser; without them the catalog is polled. What no event trigger sees (roles, databases, memberships)
/// the poll finds in any case.</summary>
internal static class SchemaTriggers
{
    /// <summary>Creates them in a schema of their own, which has no likely role's name: a role's own schema would come
    /// first in its search path. Repeating it changes nothing. Temporary tables, which programs
    /// make all the time, say nothing.</summary>
    public const string CreateSql = """
        CREATE SCHEMA IF NOT EXISTS freshet_feed;
        GRANT USAGE ON SCHEMA freshet_feed TO PUBLIC;
        CREATE OR REPLACE FUNCTION freshet_feed.tell_schema_change() RETURNS event_trigger
        LANGUAGE plpgsql SET search_path = pg_catalog AS $function$
        BEGIN
            IF TG_EVENT = 'ddl_command_end' THEN
                PERFORM FROM pg_catalog.pg_event_trigger_ddl_commands() c
                  WHERE c.schema_name IS DISTINCT FROM 'pg_temp' LIMIT 1;
            ELSE
                PERFORM FROM pg_catalog.pg_event_trigger_dropped_objects() d
                  WHERE NOT d.is_temporary LIMIT 1;
            END IF;
            IF FOUND THEN
                PERFORM pg_catalog.pg_logical_emit_message(true, 'freshet.schema', TG_TAG);
            END IF;
        END $function$;
        DO $do$ BEGIN
            IF NOT EXISTS (SELECT FROM pg_catalog.pg_event_trigger WHERE evtname = 'freshet_ddl_command_end') THEN
                CREATE EVENT TRIGGER freshet_ddl_command_end ON ddl_command_end
                    EXECUTE FUNCTION freshet_feed.tell_schema_change();
            END IF;
            IF NOT EXISTS (SELECT FROM pg_catalog.pg_event_trigger WHERE evtname = 'freshet_sql_drop') THEN
                CREATE EVENT TRIGGER freshet_sql_drop ON sql_drop EXECUTE FUNCTION freshet_feed.tell_schema_change();
            END IF;
        END $do$;
        """;

    /// <summary>Takes them away again.</summary>
    public const string DropSql = """
        DROP EVENT TRIGGER IF EXISTS freshet_ddl_command_end, freshet_sql_drop;
        DROP FUNCTION IF EXISTS freshet_feed.tell_schema_change();
        DROP SCHEMA IF EXISTS freshet_feed;
        """;

    /// <summary>An SQL expression: both are there and enabled.</summary>
    public const string AreThere = """
        (select pg_catalog.count(*) = 2 from pg_catalog.pg_event_trigger
          where evtname in ('freshet_ddl_command_end', 'freshet_sql_drop') and evtenabled in ('O', 'A'))
        """;

    /// <summary>Whether they are there, and whether the role might create them.</summary>
    public const string StateQuery = $"""
        select {AreThere}, r.rolsuper
          from pg_catalog.pg_roles r
         where r.rolname = current_user
        """;
}
