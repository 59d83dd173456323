/**
 * Writes specs/vectors/store-N/: a store as the present version N of its format leaves it, compressed, and what must be
 * found in it.
 * Once released it stays as it is: a new format gets a folder of its own. Run after a build; --anew to write it again.
 */
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { checkAny, corePlugins, createRegistry, fromBase64, sha256, utf8, verify } from '../../sdk/dist/index.js';
import { createLexicalEmbedder } from '../../sdk/dist/embedders/index.js';
import { BlockBuilder, dumps, Signer } from '../../sdk/dist/python/index.js';
import { createSky } from '../../sdk/dist/sky/index.js';
import { openSqlite, storeFile } from '../../node/dist/store/sqlite/index.js';
import { schemaVersion } from '../../node/dist/store/sqlite/schema.js';

const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..');
const name = `store-${schemaVersion}`;
const target = join(root, 'specs', 'vectors', name);
if (existsSync(join(target, 'store.sqlite.gz')) && !process.argv.includes('--anew')) {
  console.log(`specs/vectors/${name} stays as it is`);
  process.exit();
}

const checks = { network: 'dev', registry: createRegistry(corePlugins), verify, sha256, sky: createSky() };
const { valid, inert } = JSON.parse(readFileSync(join(root, 'specs', 'vectors', 'block.json'), 'utf8'));
const check = (wire) => {
  const checked = checkAny(wire, checks);
  if (checked.status === 'rejected') throw new Error(`${checked.code}: ${checked.detail}`);
  return checked;
};
const native = [
  ...new Map(
    [...valid, ...inert].map(({ wire }) => check(fromBase64(wire))).map((block) => [block.id, block]),
  ).values(),
];
const builder = new BlockBuilder({ embedder: createLexicalEmbedder(), clock: { now: () => 1_700_000_000_000 } });
const signed = Signer.fromSeed(sha256(utf8('fixture'))).signBlock(
  await builder.createLegacyBlock(['A block of version 1, kept as it came.'], { tags: ['old'] }),
);
const python = check(utf8(dumps(new Map(signed).set('id', 'block-1234abcd'))));

const folder = mkdtempSync(join(tmpdir(), 'cosmic-fixture-'));
try {
  const parts = await openSqlite({ folder, network: 'dev', node: 'did:key:zFixture', engine: 'better-sqlite3' });
  const blocks = [...native, python];
  const whole = native.find((block) => block.body !== null && block.entry.rows > 0);
  const bare = check(Uint8Array.of(...whole.envelope, 0xf6));
  await parts.store.put([{ block: bare, firstSeenMs: 1000 }]);
  await parts.store.put(blocks.map((block, i) => ({ block, firstSeenMs: 2000 + i })));
  const erased = native.at(-1).id;
  await parts.store.erase([erased], 'takedown');
  await parts.store.decide([{ timeMs: 5, digest: sha256(utf8('refused')) }]);
  const head = await parts.store.head();
  const stored = await parts.store.get(blocks.map(({ id }) => id));
  await parts.vacuum();
  await parts.close();
  mkdirSync(target, { recursive: true });
  writeFileSync(join(target, 'store.sqlite.gz'), gzipSync(readFileSync(storeFile(folder)), { level: 9 }));
  const expected = {
    what: `A store of version ${schemaVersion} after a header-only block was completed, one was erased and one refused: its head, and each block as kept.`,
    network: 'dev',
    node: 'did:key:zFixture',
    head,
    blocks: stored.map(({ id, seq, format, timeMs, firstSeenMs, firstLabel, erased: reason, entry, body }) => ({
      id,
      seq,
      format,
      timeMs,
      firstSeenMs,
      firstLabel,
      rows: entry.rows,
      tags: entry.tags,
      hasBody: body !== null,
      ...(reason === undefined ? {} : { erased: reason }),
    })),
  };
  writeFileSync(join(target, 'expected.json'), JSON.stringify(expected, null, 2) + '\n');
  console.log(`${blocks.length} blocks, head ${head.seq}`);
} finally {
  rmSync(folder, { recursive: true, force: true });
}
