/**
 * A client process that searches over raw keep-alive connections, so that it costs little beside the node on the same cores.
 * Told by its parent: `{url, space, data, seed, skip, count, limitSeconds, clients, filter?, keep}`; questions
 * `skip … skip + count` of the stream, each asked once, until the time is up. Tells back `{begins}` when it has made its requests, then `{done: {perSecond, p50Ms, p99Ms, cpuSeconds, answers}}`; answers of the first `keep` questions are
 * parsed after the clock has stopped.
 */
import { connect } from 'node:net';
import { rowOfTime } from './layout.mjs';
import { QUERIES, rowsOf } from './vectors.mjs';

const HEAD_END = Buffer.from('\r\n\r\n');

/** One connection: a request at a time, its answer's body as bytes. */
class Connection {
  constructor(port) {
    this.parts = [];
    this.size = 0;
    this.need = Infinity;
    this.socket = connect({ port, host: '127.0.0.1', noDelay: true });
    this.socket.on('data', (part) => this.receive(part));
    this.socket.on('error', (error) => this.reject?.(error));
    this.socket.on('close', () => this.reject?.(new Error('connection closed')));
  }

  ask(bytes) {
    return new Promise((resolve, reject) => {
      this.resolve = resolve;
      this.reject = reject;
      this.socket.write(bytes);
    });
  }

  receive(part) {
    this.parts.push(part);
    this.size += part.length;
    if (this.need === Infinity) {
      const bytes = this.parts.length === 1 ? part : Buffer.concat(this.parts);
      const end = bytes.indexOf(HEAD_END);
      if (end < 0) return void (this.parts = [bytes]);
      const head = bytes.toString('latin1', 0, end);
      const length = /content-length: (\d+)/i.exec(head);
      if (!head.startsWith('HTTP/1.1 200') || length === null)
        return this.reject(new Error(`${head}\n${bytes.toString('utf8', end)}`));
      this.from = end + 4;
      this.need = this.from + Number(length[1]);
      this.parts = [bytes];
    }
    if (this.size < this.need) return;
    const whole = this.parts.length === 1 ? this.parts[0] : Buffer.concat(this.parts);
    const body = whole.subarray(this.from, this.need);
    this.parts = [];
    this.size = 0;
    this.need = Infinity;
    this.resolve(body);
  }

  close() {
    this.reject = undefined;
    this.socket.destroy();
  }
}

function requestsOf({ url, space, data, seed, skip, count, filter }) {
  const next = rowsOf(data, seed, QUERIES);
  for (let i = 0; i < skip; i++) next();
  const { host } = new URL(url);
  return Array.from({ length: count }, () => {
    const body = Buffer.from(
      JSON.stringify({
        vector: { space, values: Array.from(next()) },
        k: 10,
        mode: 'vectors',
        ...(filter && { filter }),
      }),
    );
    const head = `POST /v2/search HTTP/1.1\r\nhost: ${host}\r\ncontent-type: application/json\r\ncontent-length: ${body.length}\r\n\r\n`;
    return Buffer.concat([Buffer.from(head), body]);
  });
}

async function ask(job) {
  const requests = requestsOf(job);
  const times = [];
  const kept = [];
  const port = Number(new URL(job.url).port);
  const connections = Array.from({ length: job.clients }, () => new Connection(port));
  let at = 0;
  process.send({ begins: true });
  const cpu = process.cpuUsage();
  const started = performance.now();
  const untilMs = started + job.limitSeconds * 1000;
  await Promise.all(
    connections.map(async (connection) => {
      for (let i = at++; i < requests.length && (i < job.keep || performance.now() < untilMs); i = at++) {
        const asked = performance.now();
        const body = await connection.ask(requests[i]);
        times.push(performance.now() - asked);
        if (i < job.keep) kept[i] = Buffer.from(body);
      }
    }),
  );
  const seconds = (performance.now() - started) / 1000;
  const { user, system } = process.cpuUsage(cpu);
  for (const connection of connections) connection.close();
  times.sort((a, b) => a - b);
  const quantile = (q) => Number(times[Math.min(times.length - 1, Math.floor(q * times.length))].toFixed(2));
  return {
    clients: job.clients,
    questions: times.length,
    perSecond: Math.round(times.length / seconds),
    p50Ms: quantile(0.5),
    p99Ms: quantile(0.99),
    seconds: Number(seconds.toFixed(2)),
    clientCpuSeconds: Number(((user + system) / 1e6).toFixed(2)),
    answers: kept.map((body) => {
      const { hits, requested, returned, indexedTo, head } = JSON.parse(body.toString('utf8'));
      return {
        rows: hits.map((hit) => rowOfTime(hit.timeMs)),
        requested,
        returned,
        indexedTo: indexedTo.seq,
        head: head.seq,
      };
    }),
  };
}

// Without its parent it has nobody to tell.
process.on('disconnect', () => process.exit());
process.on('message', async (job) => {
  process.send({ done: await ask(job) });
});
