// Puts one block after another and says so on standard output: what a system-call trace is compared with.
import { writeSync } from 'node:fs';
import { openSqlite } from '../../node/dist/store/sqlite/index.js';
import { blockOf } from './blocks.mjs';

const [folder, count, lanes] = process.argv.slice(2);
const parts = await openSqlite({ folder, network: 'dev', node: 'did:key:zTrace', engine: 'better-sqlite3' });
writeSync(1, 'begin\n');
for (let i = 0; i < Number(count); i++) {
  await Promise.all(
    Array.from({ length: Number(lanes) }, (_, lane) =>
      parts.store.put([{ block: blockOf(i * 1000 + lane), firstSeenMs: 1 }]),
    ),
  );
  writeSync(1, `acknowledged ${i}\n`);
}
writeSync(1, 'end\n');
await parts.close();
