/**
 * Erases many bodies of a store with proof and says how long that took and how much memory: node bench/erase/erase.mjs [erased] [kept].
 * Each block has one row of 64 numbers, a text, a tag and an origin of its own. The text index is full, there is no vector index.
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { testSpace, unsignedBlock } from '../../sdk/dist/testing/index.js';
import { sha256, utf8 } from '../../sdk/dist/index.js';
import { openSqlite } from '../../node/dist/store/sqlite/index.js';
import { erasuresOf, eraseAndProve } from '../../node/dist/operate/erasure/index.js';

const erased = Number(process.argv[2] ?? 100_000);
const kept = Number(process.argv[3] ?? 10_000);
const space = testSpace('bench/64', 64);
const folder = mkdtempSync(join(tmpdir(), 'cosmic-bench-erase-'));
const identity = { folder, network: 'dev', node: 'did:key:zBench' };
const rss = () => Math.round(process.memoryUsage().rss / 1e6);

function blockAt(number) {
  const noise = [sha256(utf8(`a${number}`)), sha256(utf8(`b${number}`))].flatMap((bytes) => [...bytes]);
  const vector = Float32Array.from(noise, (byte) => byte - 127.5);
  const text = `Passage ${number} tells of ${noise
    .slice(0, 12)
    .map((byte) => `word${byte}`)
    .join(' ')}.`;
  return unsignedBlock({ number, space, tags: [`t${number}`], rows: [{ vector, text, origin: `bench/${number}.md` }] });
}

try {
  let parts = await openSqlite(identity);
  const ids = [];
  for (let at = 0; at < erased + kept; at += 1000) {
    const blocks = Array.from({ length: Math.min(1000, erased + kept - at) }, (_, i) => blockAt(at + i));
    await parts.store.put(blocks.map((block) => ({ block, firstSeenMs: 1 })));
    for (const { id } of blocks) if (ids.length < erased) ids.push(id);
  }
  parts.text.notify(await parts.store.head());
  await parts.text.catchUp(Date.now() + 600_000);
  await parts.close();
  const before = rss();
  let peak = before;
  const watch = setInterval(() => (peak = Math.max(peak, rss())), 50);
  const started = performance.now();
  const phases = {};
  const report = await eraseAndProve(
    {
      ...identity,
      onPhase: (phase) => {
        phases[phase] = Math.round((performance.now() - started) / 100) / 10;
        peak = Math.max(peak, rss());
      },
    },
    erasuresOf(ids, 'retention'),
  );
  clearInterval(watch);
  const commit = execFileSync('git', ['rev-parse', '--short', 'HEAD'], { encoding: 'utf8' }).trim();
  console.log(
    JSON.stringify({
      erased,
      kept,
      seconds: Math.round((performance.now() - started) / 1000),
      phasesEndedAtSeconds: phases,
      rssBeforeMB: before,
      rssPeakMB: Math.max(peak, Math.round(process.resourceUsage().maxRSS / 1000)),
      lookedFor: report.lookedFor,
      scannedMB: Math.round(report.bytes / 1e6),
      traces: report.traces.length,
      shared: report.shared.length,
      machine: `${cpus().length} × ${cpus()[0].model}`,
      node: process.version,
      commit,
    }),
  );
} finally {
  rmSync(folder, { recursive: true, force: true });
}
