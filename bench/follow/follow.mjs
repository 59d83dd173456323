/**
 * How soon a follower that wants little stands at the head of a large store: a plug-in of 100 blocks among others.
 * Usage: node bench/follow/follow.mjs [blocks, default 1,000,000] [--record]
 */
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { testBlock } from '../../sdk/dist/testing/index.js';
import { systemClock } from '../../node/dist/clock.js';
import { follow } from '../../node/dist/follow/index.js';
import { openSqlite, openSqliteReader, storeFile } from '../../node/dist/store/sqlite/index.js';
import { record } from '../record.mjs';

const blocks = Number(process.argv[2] ?? 1_000_000) || 1_000_000;
const RARE = 100;
const AT_ONCE = 1000;
const KIND = 'rare.example/1';

const folder = mkdtempSync(join(tmpdir(), 'cosmic-bench-follow-'));
try {
  const options = { folder, network: 'dev', node: 'did:key:zBench' };
  const parts = await openSqlite(options);
  const every = Math.floor(blocks / RARE);
  for (let from = 0; from < blocks; from += AT_ONCE)
    await parts.store.put(
      Array.from({ length: Math.min(AT_ONCE, blocks - from) }, (_, i) => ({
        block: testBlock(
          from + i,
          (from + i) % every === every - 1 ? { kind: KIND, rows: 0 } : { kind: 'common.example/1', rows: 0 },
        ),
        firstSeenMs: 1,
      })),
    );
  const { seq: head } = await parts.store.head();
  const { engine } = parts;
  await parts.close();

  const started = async (wants) => {
    const startedMs = performance.now();
    const reader = openSqliteReader({ folder, engine });
    let items = 0;
    let firstMs;
    const following = await follow(
      {
        name: 'bench',
        version: '1',
        wants,
        durable: () => undefined,
        take: (batch) => {
          firstMs ??= performance.now() - startedMs;
          items += batch.length;
        },
      },
      { store: reader, clock: systemClock },
    );
    await following.waitFor(head);
    const ms = performance.now() - startedMs;
    await following.close();
    reader.close();
    return { items, firstMs: Math.round(firstMs * 10) / 10, ms: Math.round(ms * 10) / 10 };
  };
  const result = {
    blocks: head,
    storeBytes: statSync(storeFile(folder)).size,
    engine,
    rare: await started({ kinds: [KIND] }),
    rareAgain: await started({ kinds: [KIND] }),
    nothing: await started({ kinds: ['none.example/1'] }),
    everyEntry: await started({ parts: 'entries' }),
  };
  if (process.argv.includes('--record')) record(import.meta.url, 'follow', result);
  else console.log(JSON.stringify(result, null, 1));
} finally {
  rmSync(folder, { recursive: true, force: true });
}
