\set a random(1, 1000)
\startpipeline
begin;
update pgbench_pipeline set n = n + 1 where id = 1 + :a % 10;
select n from pgbench_pipeline where id = 1 + :a % 10;
end;
select :a::int;
\endpipeline
