\set a random(1, 10)
set local_is_no_word.test = 'x';
begin;
select n from pgbench_pipeline where id = :a for update \gset
update pgbench_pipeline set n = n + 1 where id = :a;
end;
select :n::int + 1;
