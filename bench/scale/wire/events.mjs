/**
 * A client process for strfry. Told `{make, seed, file}`: signs so many events of about 2.1 kB into a file of one a line. Told
 * `{port, file, inFlight}`: sends them over one WebSocket, so many unanswered at most, until each has its OK.
 */
import { randomBytes } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { WebSocket } from 'ws';
import { textsOf } from '../texts.mjs';

/** Beside 200 bytes of text: what brings an event to the size of a block of ours without its rows being packed. */
const CONTENT_BYTES = 1260;

async function make({ make: count, seed, file }) {
  const { finalizeEvent, generateSecretKey } = await import('nostr-tools/pure');
  const keys = [generateSecretKey(), generateSecretKey()];
  const nextText = textsOf(seed, 0);
  const now = Math.floor(Date.now() / 1000);
  const lines = Array.from({ length: count }, (_, i) =>
    JSON.stringify(
      finalizeEvent(
        {
          kind: 1,
          created_at: now - count + i,
          tags: [['t', i % 100 === 0 ? 'rare' : 'common']],
          content: nextText() + randomBytes(CONTENT_BYTES).toString('base64'),
        },
        keys[i % 2],
      ),
    ),
  );
  writeFileSync(file, `${lines.join('\n')}\n`);
  return { eventBytes: lines[0].length };
}

function send({ port, file, inFlight }) {
  const frames = readFileSync(file, 'utf8')
    .trim()
    .split('\n')
    .map((line) => Buffer.from(`["EVENT",${line}]`));
  return new Promise((resolve, reject) => {
    const socket = new WebSocket(`ws://127.0.0.1:${port}`, { perMessageDeflate: false });
    let [sent, answered, cpu, started] = [0, 0];
    const more = () => {
      while (sent < frames.length && sent - answered < inFlight) socket.send(frames[sent++], { binary: false });
    };
    socket.on('open', () => {
      cpu = process.cpuUsage();
      started = performance.now();
      process.send({ begins: true });
      more();
    });
    socket.on('message', (data) => {
      const [kind, , accepted, why] = JSON.parse(data.toString());
      if (kind !== 'OK') return;
      if (!accepted) return reject(new Error(`refused: ${why}`));
      answered++;
      if (answered < frames.length) return more();
      const { user, system } = process.cpuUsage(cpu);
      const seconds = (performance.now() - started) / 1000;
      socket.close();
      resolve({
        perSecond: Math.round(frames.length / seconds),
        clientCpuSeconds: Number(((user + system) / 1e6).toFixed(2)),
      });
    });
    socket.on('error', reject);
    socket.on('close', () => reject(new Error('connection closed')));
  });
}

// Without its parent it has nobody to tell.
process.on('disconnect', () => process.exit());
process.on('message', async (job) => {
  try {
    process.send({ done: await (job.make === undefined ? send(job) : make(job)) });
  } catch (error) {
    console.error(error);
    process.exit(1);
  }
});
