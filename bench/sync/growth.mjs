// What keeping fingerprints up costs: 100 new items, scattered and newest, into sets of 10,000 to 1,000,000, until a fingerprint of the whole and of each half is there;
// and how long the first comparison by negentropy after it takes to begin. Grows it with the set? Usage: node --expose-gc bench/sync/growth.mjs [--no-record]
import { createHash } from 'node:crypto';
import { parseArgs } from 'node:util';
import { createItemSet, createReconciler } from '../../sdk/dist/sync/index.js';
import { record } from '../record.mjs';

const { values } = parseArgs({ options: { 'no-record': { type: 'boolean' } } });
const sha256 = (bytes) => createHash('sha256').update(bytes).digest();
const idOf = (n) => new Uint8Array(sha256(`id ${n}`));
const cpuMs = () => {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
};
const ROUNDS = 50;
const results = [];
for (const size of [10_000, 100_000, 1_000_000]) {
  globalThis.gc?.();
  const before = process.memoryUsage();
  let set = createItemSet([], sha256);
  let at = cpuMs();
  for (let n = 0; n < size; n += 10_000)
    set = set.with(Array.from({ length: 10_000 }, (_, i) => ({ timeMs: (n + i) * 1000, digest: idOf(n + i) })));
  const loadMs = cpuMs() - at;
  set.fingerprint(0, set.size);
  createReconciler(set).initiate();
  globalThis.gc?.();
  const after = process.memoryUsage();
  const bytesAnItem = (after.heapUsed - before.heapUsed + after.arrayBuffers - before.arrayBuffers) / size;
  const row = { size, loadMs: Math.round(loadMs), bytesAnItem: Math.round(bytesAnItem) };
  for (const [way, timeOf] of [
    ['newest', (n) => (size + n) * 1000],
    ['scattered', (n) => ((n * 7919 * 104729) % size) * 1000 + 1],
  ]) {
    let grown = set;
    const batches = Array.from({ length: ROUNDS }, (_, r) =>
      Array.from({ length: 100 }, (_, i) => ({
        timeMs: timeOf(r * 100 + i),
        digest: idOf(`${way} ${size} ${r} ${i}`),
      })),
    );
    at = cpuMs();
    for (const batch of batches) {
      grown = grown.with(batch);
      for (const [a, b] of [
        [0, grown.size],
        [0, grown.size >> 1],
        [grown.size >> 1, grown.size],
      ])
        grown.fingerprint(a, b);
    }
    row[`${way}Ms`] = Math.round(((cpuMs() - at) / ROUNDS) * 1000) / 1000;
    if (grown.size !== size + ROUNDS * 100) throw new Error(`${grown.size} items`);
  }
  results.push(row);
  console.log(JSON.stringify(row));
}
if (values['no-record'] !== true) record(import.meta.url, 'growth', { added: 100, rounds: ROUNDS, results });
