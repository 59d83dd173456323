// What every state of a store's disk has to keep.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { openSqlite } from '../../../node/dist/store/sqlite/index.js';
import { readBackupNote } from '../../../node/dist/operate/backup.js';
import { fsck } from '../../../node/dist/operate/fsck.js';
import { blockOf, checks } from './ledger.mjs';

const same = (a, b) => a !== null && Buffer.compare(a, b) === 0;
export const assert = (holds, what) => {
  if (!holds) throw new Error(what);
};

/** Answers a judge of states: it opens the store, compares it with what was acknowledged, writes on, and lets fsck look. */
export async function judge({ engine, count }) {
  const spare = await blockOf(90_000);
  for (let number = 1; number <= count; number++) await blockOf(number);
  return (root, marks) => judgeOne(root, marks, engine, spare);
}

async function judgeOne(root, marks, engine, spare) {
  const folder = join(root, 'data');
  const told = (what) => marks.filter(([name]) => name === what).flatMap(([, ...numbers]) => numbers.map(Number));
  const parts = await openSqlite({ folder, network: 'dev', node: 'did:key:zPower', engine });
  await use(parts, async () => {
    const { found, erased, head } = await readAll(parts);
    for (const number of told('put')) assert(found.has(number), `acknowledged block ${number} is gone`);
    for (const number of told('erase')) assert(erased.has(number), `the acknowledged erasure of ${number} is gone`);
    for (const number of told('decide')) {
      const items = await parts.store.items(
        { timeMs: number, digest: new Uint8Array(32) },
        { timeMs: number + 1, digest: new Uint8Array(32) },
        1,
      );
      assert(items.length === 1, `the acknowledged decision ${number} is gone`);
    }
    const [next] = await parts.store.put([{ block: spare.checked, firstSeenMs: 90_000 }]);
    assert(next.fresh && next.seq === head.seq + 1, `the next block got ${next.seq} after ${head.seq}`);
    parts.text.notify(await parts.store.head());
    const position = await parts.text.catchUp(Date.now() + 30_000);
    assert(position.seq === next.seq, `the text index stands at ${position.seq} of ${next.seq}`);
    for (const number of found) {
      const hits = await parts.text.search(`word${number}`, 2);
      assert(hits.length === (erased.has(number) ? 0 : 1), `${hits.length} texts of block ${number}`);
    }
  });
  await sound(folder, engine);
  const kept = told('backup');
  if (kept.length > 0) {
    const note = readBackupNote(join(root, 'backup'));
    assert(note.head.count >= kept[0], `the backup holds ${note.head.count} of ${kept[0]}`);
    await sound(join(root, 'backup'), engine);
  } else if (existsSync(join(root, 'backup', 'backup.json')) && existsSync(join(root, 'backup', 'store.sqlite')))
    await sound(join(root, 'backup'), engine);
}

/** Closes afterwards; what went wrong first is what is told. */
async function use(parts, work) {
  let fault;
  await work().catch((error) => (fault = error));
  await parts.close().catch((error) => (fault ??= error));
  if (fault !== undefined) throw fault;
}

async function readAll(parts) {
  const head = await parts.store.head();
  const found = new Set();
  const erased = new Set();
  let seq = 0;
  let label = 0;
  for (;;) {
    const { items } = await parts.store.tail({ epoch: head.epoch, seq }, 500);
    if (items.length === 0) break;
    for (const item of items) {
      assert(item.seq === ++seq, `sequence: ${item.seq} stands where ${seq} should`);
      if (item.type === 'erase') continue;
      const { block } = item;
      const wanted = await blockOf(block.firstSeenMs);
      assert(block.id === wanted.id && block.firstLabel === label++, `block ${block.seq}: wrong id or label`);
      assert(same(block.envelope, wanted.checked.envelope), `block ${block.seq}: another envelope`);
      if (block.erased === undefined) assert(same(block.body, wanted.checked.body), `block ${block.seq}: another body`);
      else {
        assert(block.body === null, `block ${block.seq}: erased and still there`);
        erased.add(block.firstSeenMs);
      }
      found.add(block.firstSeenMs);
    }
  }
  assert(
    head.seq === seq && head.labels === label,
    `head says ${head.seq}, ${head.labels}; there are ${seq}, ${label}`,
  );
  return { found, erased, head };
}

export async function sound(folder, engine) {
  const report = await fsck({ folder, engine, checks });
  assert(report.ok, `fsck of ${folder}: ${JSON.stringify(report.findings.slice(0, 3))}`);
}
