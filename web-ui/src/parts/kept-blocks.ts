import type { BlockId } from '@cosmicembeddings/sdk';

/** Where the service worker keeps blocks that were opened. */
export const KEPT_BLOCKS = 'blocks-1';

/** Ids of blocks that this browser kept, those opened last first. */
export async function keptBlocks(): Promise<BlockId[]> {
  if (!('caches' in globalThis)) return [];
  const requests = await (await caches.open(KEPT_BLOCKS)).keys();
  const ids = requests.map(({ url }) => decodeURIComponent(new URL(url).pathname.split('/').at(-1)!));
  return [...new Set(ids.reverse())];
}
