// Three lives of a store, under the recording shim: puts from four lanes, erasures, refused ids, a vacuum, a backup.
import { openSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { openSqlite } from '../../../node/dist/store/sqlite/index.js';
import { backup } from '../../../node/dist/operate/backup.js';
import { randomOf } from '../blocks.mjs';
import { blockOf } from './ledger.mjs';

const [root, count, seed, engine] = process.argv.slice(2);
const random = randomOf(Number(seed));
const marks = openSync(process.env.POWER_MARKS, 'a');
const mark = (line) => writeSync(marks, `${line}\n`);
const blocks = [];
for (let number = 1; number <= Number(count); number++) blocks.push(await blockOf(number));
const folder = join(root, 'data');
let next = 0;
const acknowledged = [];

async function lane(parts, upTo) {
  while (next < upTo) {
    const group = blocks.slice(next, Math.min(upTo, next + 1 + Math.floor(random() * 8)));
    const from = next + 1;
    next += group.length;
    await parts.store.put(group.map(({ checked }, i) => ({ block: checked, firstSeenMs: from + i })));
    mark(`put ${group.map((_, i) => from + i).join(' ')}`);
    acknowledged.push(...group.map((_, i) => from + i));
    if (random() < 0.1) {
      const victim = acknowledged[Math.floor(random() * acknowledged.length)];
      await parts.store.erase([blocks[victim - 1].id], 'retention');
      mark(`erase ${victim}`);
    }
  }
}

for (let life = 1; life <= 3; life++) {
  const parts = await openSqlite({ folder, network: 'dev', node: 'did:key:zPower', engine });
  mark('open');
  await Promise.all([1, 2, 3, 4].map(() => lane(parts, Math.round((blocks.length * life) / 3))));
  parts.text.notify(await parts.store.head());
  await parts.text.catchUp(Date.now() + 10_000);
  if (life === 1) await parts.vacuum();
  if (life === 2) {
    const before = acknowledged.length;
    backup({ folder, engine }, join(root, 'backup'));
    mark(`backup ${before}`);
  }
  await parts.store.decide([{ timeMs: life, digest: new Uint8Array(32).fill(life) }]);
  mark(`decide ${life}`);
  if (life === 3) process.exit(0);
  await parts.close();
  mark('closed');
}
