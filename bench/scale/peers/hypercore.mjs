import { join } from 'node:path';
import Hypercore from 'hypercore';
import { versionOf } from './documents.mjs';

const SINGLE = 2000;

/** A signed append-only log: one signature over a Merkle root for each append, one block or many. */
export async function open({ folder }) {
  const core = new Hypercore(join(folder, 'core'));
  await core.ready();
  return {
    versions: [versionOf('hypercore'), versionOf('hypercore-storage')],
    settings: 'appends of one block, awaited; appends of 500',
    durable: 'no: appends are not fsynced one by one',
    append: async (blocks, rate) => {
      const singlePerSecond = await rate(SINGLE, async () => {
        for (const block of blocks.slice(0, SINGLE)) await core.append(block);
      });
      const batchPerSecond = await rate(blocks.length, async () => {
        for (let at = 0; at < blocks.length; at += 500) await core.append(blocks.slice(at, at + 500));
      });
      return { singlePerSecond, batchPerSecond, blocks: blocks.length + SINGLE };
    },
    close: () => core.close(),
  };
}
