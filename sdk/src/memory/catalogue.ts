import type { StoredBlock, Catalogue, Filter, Page } from '../ports/index.js';
import { fromHex, toHex } from '../bytes.js';
import { parseCid } from '../codec/cid.js';
import { CosmicError } from '../errors.js';
import type { SpaceDescriptor } from '../space/descriptor.js';
import type { BlockId } from '../block/types.js';
import type { MemoryStore } from './store.js';

/** The catalogue of a memory store: every question is a walk over all blocks. */
export function createMemoryCatalogue(store: MemoryStore): Catalogue {
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
    find: async (filter, page) =>
      findIn(
        store.blocks().filter((block) => passes(block, filter)),
        page,
      ),
    labels: async (filter) => {
      const bits = new Uint8Array(Math.ceil(store.labelCount() / 8));
      for (const { firstLabel, entry } of active().filter((block) => passes(block, filter)))
        for (let label = firstLabel; label < firstLabel + entry.rows; label++) bits[label >> 3]! |= 1 << (label & 7);
      return bits;
    },
    blocksOf: async (labels) => storedOf(labels).map((found) => found && { id: found.block.id, row: found.row }),
    storedOf: async (labels) => storedOf(labels),
    linksTo: async (id) =>
      store.blocks().flatMap((block) =>
        relationsOf(block)
          .filter((link) => link.id === id)
          .map(({ rel }) => ({ id: block.id, rel })),
      ),
    aliases: async (alias) => store.blocks().flatMap(({ id, entry }) => (entry.aliases?.includes(alias) ? [id] : [])),
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

/** All relations of a block to others, each pair once: links of the body, refs of the header, and `prev`. */
export function relationsOf({ entry }: Pick<StoredBlock, 'entry'>): { readonly rel: string; readonly id: BlockId }[] {
  const all = [...entry.links, ...entry.refs, ...(entry.prev === undefined ? [] : [{ rel: 'prev', id: entry.prev }])];
  return [...new Map(all.map((link) => [`${link.rel} ${link.id}`, link])).values()];
}

function passes(block: StoredBlock, filter: Filter): boolean {
  const { entry, timeMs } = block;
  const oneOf = (list: readonly string[] | undefined, value: string | undefined): boolean =>
    list === undefined || (value !== undefined && list.includes(value));
  return (
    oneOf(filter.spaces, entry.space) &&
    oneOf(filter.authors, entry.author) &&
    oneOf(filter.kinds, entry.kind) &&
    (filter.tagsAll ?? []).every((tag) => entry.tags.includes(tag)) &&
    (filter.tagsAny === undefined || filter.tagsAny.some((tag) => entry.tags.includes(tag))) &&
    (filter.links ?? []).every(({ rel, id }) =>
      relationsOf(block).some((link) => link.id === id && (rel === undefined || link.rel === rel)),
    ) &&
    (filter.language === undefined || speaks(entry.languages ?? [], filter.language.toLowerCase())) &&
    (filter.fromMs === undefined || timeMs >= filter.fromMs) &&
    (filter.toMs === undefined || timeMs < filter.toMs) &&
    (filter.hasRows === undefined || entry.rows > 0 === filter.hasRows)
  );
}

function speaks(languages: readonly string[], range: string): boolean {
  return languages.some((language) => language === range || language.startsWith(`${range}-`));
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

/** Where a page ended: the order's own key, so that arrivals in between neither repeat nor hide blocks. */
export interface PageKey {
  readonly timeMs: number;
  /** Hexadecimal. */
  readonly digest: string;
}

export function pageKey({ timeMs, digest }: PageKey): string {
  return `${timeMs}.${digest}`;
}

/** @throws CosmicError request.malformed */
export function readPageKey(text: string): PageKey {
  const match = /^(\d{1,16})\.([0-9a-f]{64})$/.exec(text);
  if (match === null)
    throw new CosmicError('request.malformed', `after: not from a previous answer: ${text.slice(0, 100)}`);
  return { timeMs: Number(match[1]), digest: toHex(fromHex(match[2]!)) };
}
