/**
 * A client process that streams block files over one connection and counts the acknowledgements.
 * Told by its parent: `{url, files, window, perSecond?, mayBreak?}`; tells back `{window, atMs}` each time a window of blocks is
 * acknowledged, and at the end `{done, acknowledged, seconds, cpuSeconds}`.
 */
import { createReadStream } from 'node:fs';
import { request } from 'node:http';
import { Readable } from 'node:stream';
import { nextBlock } from '@cosmicembeddings/sdk';

const STORED = Buffer.from('"status":"stored"');

async function* wholeFiles(files) {
  for (const file of files) yield* createReadStream(file, { highWaterMark: 1 << 18 });
}

/** Cut into blocks, `perSecond` of them a second in steps of a fiftieth. */
async function* paced(files, perSecond) {
  const started = performance.now();
  let sent = 0;
  let rest = Buffer.alloc(0);
  for await (const chunk of wholeFiles(files)) {
    rest = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
    for (;;) {
      const next = rest.length === 0 ? { status: 'more' } : nextBlock(rest);
      if (next.status !== 'ok') break;
      const dueMs = started + (Math.floor(sent / (perSecond / 50)) * 1000) / 50;
      const waitMs = dueMs - performance.now();
      if (waitMs > 1) await new Promise((resolve) => setTimeout(resolve, waitMs));
      yield rest.subarray(0, next.end);
      sent++;
      rest = rest.subarray(next.end);
    }
  }
}

function feed({ url, files, window, perSecond }) {
  return new Promise((resolve, reject) => {
    const cpu = process.cpuUsage();
    const started = performance.now();
    const call = request(
      `${url}/v2/blocks`,
      { method: 'POST', headers: { 'content-type': 'application/cbor-seq' } },
      (response) => {
        if (response.statusCode !== 200) reject(new Error(`answered ${response.statusCode}`));
        let acknowledged = 0;
        let tail = Buffer.alloc(0);
        response.on('data', (chunk) => {
          const bytes = tail.length === 0 ? chunk : Buffer.concat([tail, chunk]);
          let at = 0;
          for (let hit = bytes.indexOf(STORED); hit >= 0; hit = bytes.indexOf(STORED, at)) {
            at = hit + STORED.length;
            acknowledged++;
            if (acknowledged % window === 0) process.send({ window: acknowledged, atMs: performance.now() - started });
          }
          tail = Buffer.from(bytes.subarray(Math.max(at, bytes.length - STORED.length + 1)));
        });
        response.on('end', () => {
          const { user, system } = process.cpuUsage(cpu);
          resolve({
            acknowledged,
            seconds: (performance.now() - started) / 1000,
            cpuSeconds: (user + system) / 1e6,
          });
        });
        response.on('error', reject);
      },
    );
    call.on('error', reject);
    Readable.from(perSecond === undefined ? wholeFiles(files) : paced(files, perSecond), {
      objectMode: false,
      highWaterMark: 1 << 18,
    }).pipe(call);
  });
}

// Without its parent it has nobody to tell.
process.on('disconnect', () => process.exit());
process.on('message', async (job) => {
  try {
    process.send({ done: await feed(job) });
  } catch (error) {
    if (job.mayBreak !== true) console.error(error);
    process.exit(1);
  }
});
