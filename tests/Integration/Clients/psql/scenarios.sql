\set VERBOSITY verbose
\set SHOW_CONTEXT always
\echo -- tables, types and errors with all fields
create table psql_item(id int primary key, name text not null, tags text[], price numeric(10,2), at timestamptz);
insert into psql_item select n, 'item ' || n, array['a', 'b' || n], n * 1.5, timestamptz '2026-01-01' + n * interval '1 h'
  from generate_series(1, 20) n;
select * from psql_item order by id limit 3;
insert into psql_item values (1, 'twice');
insert into psql_item values (99, null);
select nonsense from psql_item;
select 1/0;
\echo -- describe
\d psql_item
\dt psql_*
\echo -- transactions
begin;
savepoint a;
update psql_item set price = 0 where id = 1;
rollback to a;
select price from psql_item where id = 1;
update psql_item set price = 7 where id = 2;
commit;
select price from psql_item where id = 2;
begin;
select 1/0;
select 2;
commit;
\echo -- settings
set timezone = 'Asia/Tokyo';
select at from psql_item where id = 1;
set datestyle = 'German';
select at from psql_item where id = 1;
show search_path;
reset all;
select at from psql_item where id = 1;
\encoding LATIN1
select convert_to('é', 'LATIN1');
\encoding UTF8
\echo -- prepared in SQL, cursors, temporary tables
prepare by_id(int) as select name from psql_item where id = $1;
execute by_id(3);
execute by_id(4);
deallocate by_id;
execute by_id(5);
declare c cursor with hold for select id from psql_item order by id;
fetch 2 from c;
fetch 2 from c;
close c;
create temp table psql_temp as select 1 as one;
select * from psql_temp;
drop table psql_temp;
\echo -- several statements at once, notices
select 1 \; select 2 \; select 3;
do $$ begin raise notice 'hello %', 1; end $$;
drop table if exists psql_nobody;
\echo -- copy
copy psql_item(id, name) from stdin;
101	one
102	two
\.
\copy (select id, name from psql_item where id > 100 order by id) to stdout with csv header
copy (select id from psql_item where id < 3 order by id) to stdout;
\echo -- chunked fetch, large values
\set FETCH_COUNT 7
select id, name from psql_item order by id;
\unset FETCH_COUNT
select length(repeat('x', 3000000));
select md5(repeat('y', 1000000));
\echo -- bytes, null, unicode, arrays, json
select '\xdeadbeef'::bytea, null, 'žluťoučký 🐎', array[[1,2],[3,null]], '{"a": [1, 2]}'::jsonb;
\echo -- advisory locks
select pg_advisory_lock(77) is null;
select count(*) from pg_locks where locktype = 'advisory' and objid = 77;
select pg_advisory_unlock(77);
\echo -- a new connection
\connect
select current_user, current_database();
drop table psql_item;
