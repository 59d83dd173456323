import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, test } from '@jest/globals';
import { openSqlite } from '../../src/store/sqlite/index.js';
import { signedBlock } from '../store/signed-blocks.ts';
import { testUnless } from '../../../sdk/test/skipping.ts';

const scripts = join(dirname(fileURLToPath(import.meta.url)), '..', '..', '..', 'bench', 'worst-day');
const home = mkdtempSync(join(tmpdir(), 'cosmic-worst-'));

describe('killed while writing', () => {
  test('loses no acknowledged block and leaves no gap, 20 times', () => {
    const { stdout, stderr, status } = spawnSync(process.execPath, [join(scripts, 'kill.mjs'), '20', '20261121'], {
      encoding: 'utf8',
      timeout: 200_000,
    });
    expect({ stderr, status, ...(JSON.parse(stdout || '{}') as object) }).toMatchObject({
      status: 0,
      rounds: 20,
      verdict: 'no acknowledged block lost, no gap, no half block',
    });
    expect((JSON.parse(stdout) as { acknowledgements: number }).acknowledgements).toBeGreaterThan(100);
  }, 220_000);
});

const canTrace = spawnSync('strace', ['-f', 'true']).status === 0;
const noTrace = canTrace ? undefined : 'fsync counts need strace, which is absent or not permitted';

describe('acknowledged means synced', () => {
  testUnless(noTrace)(
    'one fsync of the log for each group, before its acknowledgement',
    () => {
      const trace = join(home, 'trace');
      const groups = 25;
      execFileSync(
        'strace',
        [
          '-f',
          '-y',
          '-e',
          'trace=fsync,fdatasync,write',
          '-o',
          trace,
          process.execPath,
          join(scripts, 'commits.mjs'),
          join(home, 'traced'),
          String(groups),
          '8',
        ],
        { timeout: 60_000 },
      );
      const lines = readFileSync(trace, 'utf8').split('\n');
      const from = lines.findIndex((line) => line.includes('"begin\\n"'));
      const to = lines.findIndex((line) => line.includes('"end\\n"'));
      const between: number[] = [];
      let syncs = 0;
      for (const line of lines.slice(from, to)) {
        if (/f(?:data)?sync\(\d+<[^>]*store\.sqlite-wal>/.test(line)) syncs += 1;
        if (!line.includes('"acknowledged ')) continue;
        between.push(syncs);
        syncs = 0;
      }
      expect(between).toHaveLength(groups);
      // Eight puts at once are one transaction, or two where the first has set out alone.
      for (const count of between) expect([1, 2]).toContain(count);
      expect(between.filter((count) => count === 1).length).toBeGreaterThan(groups / 2);
    },
    60_000,
  );
});

const disk = join(home, 'small-disk');
mkdirSync(disk);
const mounted =
  process.platform === 'linux' && spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=6m', 'tmpfs', disk]).status === 0;
const noDisk = mounted ? undefined : 'a small disk needs the right to mount a tmpfs';
afterAll(() => {
  if (mounted) spawnSync('umount', [disk]);
  rmSync(home, { recursive: true, force: true });
});

describe('disk full', () => {
  testUnless(noDisk)(
    'nothing half-written, reads go on, and writing goes on when there is space',
    async () => {
      const folder = join(disk, 'data');
      const parts = await openSqlite({ folder, network: 'dev', node: 'did:key:zFull' });
      const base = await signedBlock(1, 'A text of some length for a small disk. '.repeat(50));
      const blockNo = (number: number): typeof base => {
        const digest = base.digest.slice();
        new DataView(digest.buffer).setUint32(0, number);
        return { ...base, digest, id: base.id, entry: { ...base.entry } };
      };
      let kept = 0;
      const fill = async (): Promise<unknown> => {
        for (;;) {
          const next = Array.from({ length: 20 }, (_, i) => ({ block: blockNo(kept + i + 1), firstSeenMs: 1 }));
          try {
            await parts.store.put(next);
          } catch (error) {
            return error;
          }
          kept += 20;
        }
      };
      expect(await fill()).toMatchObject({ code: 'node.storage_full' });
      expect(kept).toBeGreaterThan(100);
      expect(await parts.store.head()).toMatchObject({ count: kept, seq: kept, labels: kept });
      expect(await fill()).toMatchObject({ code: 'node.storage_full' });
      expect((await parts.store.tail({ epoch: '', seq: 0 }, 10_000)).items).toHaveLength(kept);

      execFileSync('mount', ['-o', 'remount,size=24m', disk]);
      const before = kept;
      await parts.store.put([{ block: blockNo(1_000_000), firstSeenMs: 1 }]);
      expect(await fill()).toMatchObject({ code: 'node.storage_full' });
      expect(kept).toBeGreaterThan(before);
      const { items } = await parts.store.tail({ epoch: '', seq: 0 }, 100_000);
      expect(items.map(({ seq }) => seq)).toEqual(Array.from({ length: kept + 1 }, (_, i) => i + 1));
      await parts.close();
    },
    60_000,
  );
});
