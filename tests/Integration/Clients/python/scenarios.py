"""The scenarios of psycopg2 (libpq). Prints one line for each fact; see ../README.md."""

import io
import threading

import psycopg2
import psycopg2.errors
import psycopg2.extensions
import psycopg2.extras


def connect(**options):
    return psycopg2.connect("", **options)


def fails(cursor, sql, *arguments):
    try:
        cursor.execute(sql, *arguments)
        print("no error:", sql)
    except psycopg2.Error as error:
        diag = error.diag
        print("error", error.pgcode, diag.severity, diag.message_primary, diag.message_detail, diag.message_hint,
              diag.table_name, diag.column_name, diag.constraint_name, diag.statement_position)


def transactions(connection):
    cursor = connection.cursor()
    cursor.execute("create table py_item(id int primary key, name text, data bytea)")
    connection.commit()
    cursor.execute("insert into py_item values (%s, %s, %s)", (1, "one", psycopg2.Binary(b"\x00\x01'\\")))
    connection.rollback()
    cursor.execute("select count(*) from py_item")
    print("after rollback", cursor.fetchone())
    psycopg2.extras.execute_values(cursor, "insert into py_item values %s",
                                   [(n, f"name {n}", psycopg2.Binary(bytes([n]))) for n in range(100)])
    connection.commit()
    cursor.execute("select sum(id), max(name), (array_agg(data order by id))[40] from py_item")
    total, name, data = cursor.fetchone()
    print("sum", total, name, bytes(data))
    cursor.execute("savepoint a")
    fails(cursor, "insert into py_item values (1, 'again')")
    print("status", connection.get_transaction_status() == psycopg2.extensions.TRANSACTION_STATUS_INERROR)
    cursor.execute("rollback to savepoint a")
    cursor.execute("select 1")
    print("after savepoint", cursor.fetchone())
    connection.commit()
    with connection, connection.cursor() as inner:
        inner.execute("update py_item set name = 'changed' where id = 1")
    cursor.execute("select name from py_item where id = 1")
    print("with block", cursor.fetchone())
    connection.rollback()


def named_cursors(connection):
    with connection.cursor("named") as cursor:
        cursor.itersize = 7
        cursor.execute("select id from py_item order by id")
        print("named cursor", sum(row[0] for row in cursor))
    connection.commit()
    hold = connection.cursor("held", withhold=True)
    hold.execute("select id from py_item order by id")
    connection.commit()
    print("with hold", hold.fetchmany(3))
    connection.commit()
    print("with hold", hold.fetchmany(2))
    hold.close()
    connection.commit()


def copies(connection):
    cursor = connection.cursor()
    source = io.StringIO("".join(f"{n}\tcopied {n}\n" for n in range(1000, 6000)))
    cursor.copy_from(source, "py_item", columns=("id", "name"))
    connection.commit()
    target = io.StringIO()
    cursor.copy_expert("copy (select id, name from py_item where id >= 1000 order by id) to stdout csv", target)
    print("copy out", len(target.getvalue()), target.getvalue().splitlines()[-1])
    try:
        cursor.copy_from(io.StringIO("x\ty\n"), "py_item", columns=("id", "name"))
    except psycopg2.Error as error:
        print("copy error", error.pgcode, error.diag.context)
    connection.rollback()
    try:
        cursor.copy_expert("copy py_item from stdin", Broken())
    except psycopg2.Error as error:
        print("copy broken", error.pgcode)
    connection.rollback()


class Broken:
    """A source that fails while it is read: libpq sends CopyFail."""

    def read(self, _size):
        raise ValueError("broken on purpose")


def settings(connection):
    cursor = connection.cursor()
    connection.autocommit = True
    cursor.execute("set timezone to 'Asia/Tokyo'")
    cursor.execute("select timestamptz '2026-01-01 00:00+00'")
    print("timezone", cursor.fetchone()[0].isoformat(), connection.get_parameter_status("TimeZone"))
    connection.set_client_encoding("LATIN1")
    cursor.execute("select %s", ("é",))
    print("latin1", cursor.fetchone(), connection.encoding)
    connection.set_client_encoding("UTF8")
    connection.reset()
    cursor.execute("show timezone")
    print("after reset", cursor.fetchone())
    connection.rollback()
    connection.autocommit = False
    connection.set_session(isolation_level="SERIALIZABLE", readonly=True)
    fails(cursor, "insert into py_item values (-1)")
    connection.rollback()
    cursor.execute("show transaction_isolation")
    print("isolation", cursor.fetchone())
    connection.rollback()
    connection.set_session(isolation_level="DEFAULT", readonly="DEFAULT")


def notices_and_notifications(connection):
    connection.autocommit = True
    cursor = connection.cursor()
    del connection.notices[:]
    cursor.execute("do $$ begin raise notice 'one'; raise warning 'two'; end $$")
    print("notices", [notice.strip() for notice in connection.notices])
    cursor.execute("listen py_channel")
    with connect() as other:
        other.autocommit = True
        other.cursor().execute("notify py_channel, 'payload'")
    while not connection.notifies:
        connection.poll()
    print("notified", connection.notifies[0].channel, connection.notifies[0].payload)
    cursor.execute("unlisten *")
    connection.autocommit = False


def cancels(connection):
    cursor = connection.cursor()
    timer = threading.Timer(0.5, connection.cancel)
    timer.start()
    fails(cursor, "select pg_sleep(30)")
    timer.join()
    connection.rollback()
    cursor.execute("set statement_timeout = 200")
    fails(cursor, "select pg_sleep(30)")
    connection.rollback()
    cursor.execute("select 'alive'")
    print(cursor.fetchone())
    connection.rollback()


def values(connection):
    cursor = connection.cursor()
    cursor.execute("select %s, %s, %s, %s, %s", (None, [1, 2, None], "🐎", 10 ** 30, {"a": 1}.__len__()))
    print("values", cursor.fetchone())
    cursor.execute("select repeat('x', 5000000), %s", ("y" * 2000000,))
    row = cursor.fetchone()
    print("large", len(row[0]), len(row[1]))
    cursor.execute("select n, repeat('z', 200) from generate_series(1, 20000) n")
    print("many rows", sum(row[0] for row in cursor))
    cursor.execute("select 1; select 2; select 3")
    print("last of several", cursor.fetchone())
    connection.rollback()
    large = connection.lobject(0, "wb")
    large.write(b"large object" * 1000)
    large.seek(6)
    print("large object", large.tell())
    large.unlink()
    connection.commit()


def main():
    connection = connect(application_name="scenarios", options="-c work_mem=3MB")
    cursor = connection.cursor()
    cursor.execute("show work_mem")
    print("options", cursor.fetchone(), connection.get_parameter_status("application_name"))
    connection.rollback()
    for scenario in (transactions, named_cursors, copies, settings, notices_and_notifications, cancels, values):
        print("--", scenario.__name__)
        scenario(connection)
    cursor.execute("drop table py_item")
    connection.commit()
    connection.close()
    try:
        connect(password="wrong")
    except psycopg2.OperationalError as error:
        print("wrong password", "password authentication failed" in str(error))


main()
