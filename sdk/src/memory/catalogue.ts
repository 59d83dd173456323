import type { StoredBlock, Catalogue } from '../ports/index.js';
import { toHex } from '../bytes.js';
import { parseCid } from '../codec/cid.js';
import {
  pageKey,
  passes,
  readPageKey,
  rowsPassing,
  relationsOf,
  testsOf,
  type Facts,
  type Filter,
  type Page,
  type PageKey,
} from '../filter/index.js';
import { textsOf } from '../formats/index.js';
import { createRegistry, type Registry } from '../kinds/index.js';
import { readWhere } from '../metadata/index.js';
import { corePlugins } from '../plugins/index.js';
import type { SpaceDescriptor } from '../space/descriptor.js';
import type { BlockId } from '../block/types.js';
import type { MemoryStore } from './store.js';

/** The catalogue of a memory store: every question is a walk over all blocks. `registry`: the kinds whose texts can be asked for. */
export function createMemoryCatalogue(store: MemoryStore, registry: Registry = createRegistry(corePlugins)): Catalogue {
  const active = (): StoredBlock[] => store.blocks().filter((block) => block.entry.rows > 0);
  const storedOf = (labels: readonly number[]): ({ block: StoredBlock; row: number } | undefined)[] => {
    const rows = new Map(
      active().flatMap((block) =>
        Array.from({ length: block.entry.rows }, (_, row) => [block.firstLabel + row, { block, row }] as const),
      ),
    );
    return labels.map((label) => rows.get(label));
  };
  return {
    find: async (filter, page) => findIn(passing(store.blocks(), filter, registry), page),
    labels: async (filter) => {
      const bits = new Uint8Array(Math.ceil(store.labelCount() / 8));
      for (const block of passing(active(), filter, registry)) {
        const rows =
          filter.where === undefined
            ? undefined
            : new Set(rowsPassing(factsOf(block, registry), readWhere(filter.where)));
        for (let row = 0; row < block.entry.rows; row++) {
          const label = block.firstLabel + row;
          if (rows === undefined || rows.has(row)) bits[label >> 3]! |= 1 << (label & 7);
        }
      }
      return bits;
    },
    blocksOf: async (labels) =>
      storedOf(labels).map(
        (found) =>
          found && { id: found.block.id, row: found.row, seq: found.block.seq, author: found.block.entry.author },
      ),
    entriesOf: async (ids) =>
      (await store.get(ids)).map((block) => {
        if (block === undefined) return undefined;
        const { envelope: _envelope, body: _body, ...entry } = block;
        return entry;
      }),
    linksTo: async (id) =>
      store.blocks().flatMap((block) =>
        relationsOf(block.entry)
          .filter((link) => link.id === id)
          .map(({ rel }) => ({ id: block.id, rel })),
      ),
    aliases: async (alias) => store.blocks().flatMap(({ id, entry }) => (entry.aliases?.includes(alias) ? [id] : [])),
    knownSince: async (author) => {
      const seen = store.blocks().flatMap(({ entry, firstSeenMs }) => (entry.author === author ? [firstSeenMs] : []));
      return seen.length === 0 ? undefined : Math.min(...seen.slice(0, 1), seen.at(-1)!);
    },
    blocksBy: async (author) => store.blocks().filter(({ entry }) => entry.author === author).length,
    counts: async () => {
      const blocks = store.blocks();
      const kinds: Record<string, number> = {};
      const spaces = new Map<string, { id: string; rows: number; space: SpaceDescriptor }>();
      for (const { entry } of blocks) {
        kinds[entry.kind] = (kinds[entry.kind] ?? 0) + 1;
        if (entry.rows === 0 || entry.space === undefined || entry.descriptor === undefined) continue;
        const known = spaces.get(entry.space) ?? { id: entry.space, rows: 0, space: entry.descriptor };
        spaces.set(entry.space, { ...known, rows: known.rows + entry.rows });
      }
      const rows = blocks.reduce((sum, { entry }) => sum + entry.rows, 0);
      return {
        blocks: blocks.length,
        rows,
        authors: new Set(blocks.map(({ entry }) => entry.author)).size,
        kinds,
        spaces: [...spaces.values()],
      };
    },
  };
}

function passing(blocks: readonly StoredBlock[], filter: Filter, registry: Registry): StoredBlock[] {
  const tests = testsOf(filter);
  return blocks.filter((block) => passes(factsOf(block, registry), tests));
}

function factsOf(block: StoredBlock, registry: Registry): Facts {
  return { timeMs: block.timeMs, entry: block.entry, texts: () => textsOf(block, registry) };
}

function findIn(
  blocks: readonly StoredBlock[],
  { limit, after, order = 'newest' }: Page,
): { ids: BlockId[]; next?: string } {
  const keyed = blocks.map(({ id, timeMs }) => ({ id, timeMs, digest: toHex(parseCid(id).digest!) }));
  const sign = order === 'newest' ? -1 : 1;
  const compare = (a: PageKey, b: PageKey): number =>
    sign * (a.timeMs - b.timeMs || (a.digest < b.digest ? -1 : a.digest > b.digest ? 1 : 0));
  const start = after === undefined ? undefined : readPageKey(after);
  const rest = keyed.filter((item) => start === undefined || compare(item, start) > 0).sort(compare);
  const page = rest.slice(0, Math.max(0, limit));
  const last = page.at(-1);
  return {
    ids: page.map(({ id }) => id),
    ...(last !== undefined && rest.length > page.length ? { next: pageKey(last) } : {}),
  };
}
