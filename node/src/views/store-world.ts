import {
  decodeBody,
  readBody,
  type BlockId,
  type CatalogueEntry,
  type Registry,
  type StoredBlock,
} from '@cosmicembeddings/sdk';
import type { BlockHeader, World } from '@cosmicembeddings/sdk/views';
import type { StoreReader } from '../store/sqlite/index.js';

/** The store as views see it, on a reading connection of their own. */
export function createStoreWorld(reader: StoreReader, registry: Registry): World {
  const at = (id: BlockId, upTo: number): Omit<StoredBlock, 'envelope' | 'body'> | undefined => {
    const [block] = reader.getEntries([id]);
    return block === undefined || block.seq > upTo ? undefined : block;
  };
  return {
    block: (id, upTo) => {
      const block = at(id, upTo);
      return block === undefined ? undefined : headerOf(id, block.entry);
    },
    body: (id, upTo) => {
      const [block] = reader.get([id]);
      return block === undefined || block.seq > upTo ? undefined : bodyOf(block, registry);
    },
    seen: (id, upTo) => at(id, upTo)?.firstSeenMs,
    *by(author, upTo) {
      for (const block of reader.byAuthor(author)) if (block.seq <= upTo) yield headerOf(block.id, block.entry);
    },
    arrived: (after, upTo) => reader.arrivals(after, upTo),
  };
}

export function headerOf(id: BlockId, { author, kind, timeMs, refs, prev }: CatalogueEntry): BlockHeader {
  return { id, author, kind, timeMs, refs, ...(prev === undefined ? {} : { prev }) };
}

/** As its kind reads it; undefined for one that is gone, of a kind unknown here, or refused by its kind. */
export function bodyOf({ entry, body, format }: StoredBlock, registry: Registry): unknown {
  const kind = registry.kind(entry.kind);
  if (kind === undefined || body === null || format !== 'native/2') return undefined;
  const decoded = decodeBody(body);
  if (decoded.status === 'rejected') return undefined;
  const parsed = readBody(kind, entry, decoded.body, body.length);
  return parsed.ok ? parsed.body : undefined;
}
