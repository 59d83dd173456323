/**
 * A client process that adds rows to a peer. Told by its parent: `{peer, at, data, seed, from, rows, vectorsFrom, batch,
 * connections, limitSeconds?, perSecond?, mayBreak?}`: rows `from … from + rows`, `batch` in a request, their vectors those of the rows from
 * `vectorsFrom` on (of which there are `vectorRows`, used again and again). Tells back `{added}` at each answer, then
 * `{done: {added, seconds, perSecond, clientCpuSeconds}}`.
 */
import { opened } from '../connection.mjs';
import { CHUNK, START_MS } from '../layout.mjs';
import { rowReader } from '../made.mjs';
import { textsOf } from '../texts.mjs';

/** As long as the identity that each of our hits names. */
const AUTHOR = 'did:key:z6MkhaXgBZDvotDkL5257faiztiGiC2QtKLGpbnnEGta2doK';

async function add(job) {
  const { wireOf } = await import(`./${job.peer}.mjs`);
  const wire = wireOf(job.at);
  const vectorOf = rowReader(job);
  const connections = await Promise.all(Array.from({ length: job.connections }, () => opened(job.at.port, wire)));
  let text;
  let next = job.from;
  const batchOf = (count) =>
    Array.from({ length: count }, () => {
      const row = next++;
      const source = job.vectorsFrom + ((row - job.from) % job.vectorRows);
      if (text === undefined || source % CHUNK === 0) text = textsOf(job.seed, Math.floor(source / CHUNK));
      return { row, vector: vectorOf(source), text: text(), author: AUTHOR, timeMs: START_MS + row * 1000 };
    });
  let added = 0;
  process.send({ begins: true });
  const cpu = process.cpuUsage();
  const started = performance.now();
  const untilMs = started + (job.limitSeconds ?? Infinity) * 1000;
  await Promise.all(
    connections.map(async (connection) => {
      while (next < job.from + job.rows && performance.now() < untilMs) {
        if (job.perSecond !== undefined) {
          const waitMs = started + ((next - job.from) * 1000) / job.perSecond - performance.now();
          if (waitMs > 1) await new Promise((resolve) => setTimeout(resolve, waitMs));
        }
        const rows = batchOf(Math.min(job.batch, job.from + job.rows - next));
        if (rows.length === 0) return;
        await connection.ask(wire.addOf(rows));
        added += rows.length;
        process.send({ added });
      }
    }),
  );
  const seconds = (performance.now() - started) / 1000;
  const { user, system } = process.cpuUsage(cpu);
  for (const connection of connections) connection.close();
  return {
    added,
    seconds: Number(seconds.toFixed(2)),
    perSecond: Math.round(added / seconds),
    clientCpuSeconds: Number(((user + system) / 1e6).toFixed(2)),
  };
}

// Without its parent it has nobody to tell.
process.on('disconnect', () => process.exit());
process.on('message', async (job) => {
  try {
    process.send({ done: await add(job) });
  } catch (error) {
    // The server may be killed under it.
    if (job.mayBreak !== true) console.error(error);
    process.exit(1);
  }
});
