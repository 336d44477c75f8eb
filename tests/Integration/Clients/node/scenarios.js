// The scenarios of node-postgres. Prints one line for each fact; see ../README.md.
'use strict';

const { Client, Pool } = require('pg');

const print = (...values) => console.log(values.map((value) => JSON.stringify(value)).join(' '));

async function fails(run) {
  try {
    await run();
    print('no error');
  } catch (error) {
    print('error', error.code, error.severity, error.message, error.detail, error.hint, error.constraint);
  }
}

async function queries(client) {
  await client.query('create table node_item(id int primary key, name text, at timestamptz, data jsonb)');
  for (let n = 0; n < 20; n++) {
    const values = [n, `name ${n}`, new Date(Date.UTC(2026, 0, 1, n)), { n, list: [1, null, 'x'] }];
    await client.query('insert into node_item values ($1, $2, $3, $4)', values);
  }
  const rows = await client.query('select * from node_item where id < $1 order by id', [3]);
  print(rows.rows, rows.fields.map((field) => [field.name, field.dataTypeID]));
  print((await client.query('select 1 as a; select 2 as b')).map((result) => result.rows));
  const array = { text: 'select id, name from node_item where id = $1', values: [4], rowMode: 'array' };
  print((await client.query(array)).rows);
  await fails(() => client.query('insert into node_item values (1)'));
  await fails(() => client.query('select $1::int', ['x']));
  await fails(() => client.query('select nonsense'));
}

async function prepared(client) {
  const byId = { name: 'by-id', text: 'select name from node_item where id = $1' };
  for (let n = 0; n < 10; n++) {
    print((await client.query({ ...byId, values: [n] })).rows[0].name);
  }
  await fails(() => client.query({ name: 'bad', text: 'select nonsense(', values: [] }));
  await fails(() => client.query({ ...byId, values: ['x'] }));
  print((await client.query({ ...byId, values: [11] })).rows);
  // Queued on one connection, all at once.
  const many = Array.from({ length: 50 }, (_, n) => client.query({ ...byId, values: [n % 20] }));
  print((await Promise.all(many)).map((result) => result.rows[0].name).join());
}

async function transactions(client) {
  await client.query('begin');
  await client.query('update node_item set name = $1 where id = 1', ['changed']);
  await client.query('savepoint a');
  await fails(() => client.query('select 1/0'));
  await fails(() => client.query('select 1'));
  await client.query('rollback to a');
  print((await client.query('select name from node_item where id = 1')).rows);
  await client.query('rollback');
  print((await client.query('select name from node_item where id = 1')).rows);
}

async function pooled() {
  const pool = new Pool({ max: 5 });
  const work = Array.from({ length: 100 }, async (_, n) => {
    const client = await pool.connect();
    try {
      await client.query('begin');
      await client.query(`set local app.number = '${n}'`);
      const result = await client.query({ name: 'number', text: "select current_setting('app.number')::int as n" });
      await client.query('commit');
      return result.rows[0].n;
    } finally {
      client.release();
    }
  });
  print((await Promise.all(work)).reduce((sum, n) => sum + n, 0));
  await pool.end();
}

async function notifications(client) {
  const other = new Client();
  await other.connect();
  await client.query('listen node_channel');
  const next = new Promise((resolve) => client.once('notification', resolve));
  await other.query("select pg_notify('node_channel', 'payload')");
  const message = await next;
  print(message.channel, message.payload);
  await client.query('unlisten *');
  await other.end();
}

async function notices(client) {
  const heard = [];
  client.on('notice', (notice) => heard.push(`${notice.severity} ${notice.message}`));
  await client.query("do $$ begin raise notice 'one'; raise warning 'two'; end $$");
  print(heard);
  client.removeAllListeners('notice');
}

async function largeValues(client) {
  const text = 'x'.repeat(3_000_000);
  const twice = (await client.query('select length($1) as n, $1 || $1 as twice', [text])).rows[0];
  print(twice.n, twice.twice.length);
  const rows = await client.query("select n, repeat('y', 300) as y from generate_series(1, 20000) n");
  print(rows.rows.reduce((sum, row) => sum + row.n, 0));
  const bytes = Buffer.from([0, 1, 2, 255, 39, 92]);
  print((await client.query('select $1::bytea as b', [bytes])).rows[0].b.equals(bytes));
}

async function timeouts() {
  const client = new Client({ statement_timeout: 200, application_name: 'timeouts' });
  await client.connect();
  await fails(() => client.query('select pg_sleep(30)'));
  print((await client.query('show statement_timeout')).rows, (await client.query('show application_name')).rows);
  await client.end();
  await fails(async () => {
    const wrong = new Client({ password: 'wrong' });
    await wrong.connect();
  });
}

async function main() {
  const client = new Client({ application_name: 'scenarios', options: '-c work_mem=3MB' });
  await client.connect();
  print((await client.query('show work_mem')).rows, (await client.query('show application_name')).rows);
  for (const scenario of [queries, prepared, transactions, pooled, notifications, notices, largeValues, timeouts]) {
    print(scenario.name);
    await scenario(client);
  }
  await client.query('drop table node_item');
  await client.end();
}

main().catch((error) => {
  console.error(error);
  process.exit(1);
});
