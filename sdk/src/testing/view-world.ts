import type { BlockId } from '../block/types.js';
import { Cid, parseCid } from '../codec/cid.js';
import type { ValueMap } from '../codec/value.js';
import { encode } from '../codec/encode.js';
import { readBody, type KindHeader, type Link, type Registry } from '../kinds/index.js';
import type { BlockHeader, World } from '../views/index.js';
import type { ConeItem } from '../views/index.js';

/** A block for views, without bytes: what its author would have signed. */
export interface WorldBlock extends KindHeader {
  readonly id: BlockId;
  /** The kind's own fields; none for a header-only block. */
  readonly fields?: ValueMap;
  readonly links?: readonly Link[];
  readonly tags?: readonly string[];
  /** When a node sees it first, ms since the epoch. Default 0. */
  readonly seenMs?: number;
}

/** A node's blocks in the order of their arrival, as views see them. */
export interface ViewWorld extends World {
  /** The number of the last arrival. */
  readonly head: number;
  /** A block arrives, or its header alone; what is known already changes nothing. */
  put(block: WorldBlock, headerOnly?: boolean): void;
  /** Its body is gone for good. */
  erase(id: BlockId): void;
  items(after: number, upTo: number): ConeItem[];
}

interface Known {
  readonly block: WorldBlock;
  readonly header: BlockHeader;
  readonly first: number;
  body: unknown;
  bodyAt: number;
  erased: boolean;
}

export function createViewWorld(registry: Registry): ViewWorld {
  const known = new Map<BlockId, Known>();
  const events: { readonly id: BlockId; readonly type: 'put' | 'erase' }[] = [];
  const at = (id: BlockId, upTo: number): Known | undefined => {
    const found = known.get(id);
    return found !== undefined && found.first <= upTo ? found : undefined;
  };
  const bodyOf = (found: Known | undefined, upTo: number): unknown =>
    found === undefined || found.bodyAt > upTo ? undefined : found.body;
  return {
    get head() {
      return events.length;
    },
    put(block, headerOnly = false) {
      const before = known.get(block.id);
      if (before !== undefined && (headerOnly || before.erased || before.bodyAt < Infinity)) return;
      events.push({ id: block.id, type: 'put' });
      const body = headerOnly ? undefined : parsedBody(block, registry);
      const bodyAt = headerOnly ? Infinity : events.length;
      if (before === undefined)
        known.set(block.id, { block, header: headerOf(block), first: events.length, body, bodyAt, erased: false });
      else Object.assign(before, { body, bodyAt });
    },
    erase(id) {
      const found = known.get(id);
      if (found === undefined || found.erased) return;
      Object.assign(found, { body: undefined, bodyAt: Infinity, erased: true });
      events.push({ id, type: 'erase' });
    },
    items: (after, upTo) =>
      events.slice(after, upTo).map(({ id, type }, i): ConeItem => {
        const found = known.get(id)!;
        if (type === 'erase') return { type, id };
        const body = bodyOf(found, after + i + 1);
        return { type, header: found.header, ...(body === undefined ? {} : { body }) };
      }),
    block: (id, upTo) => at(id, upTo)?.header,
    body: (id, upTo) => bodyOf(at(id, upTo), upTo),
    seen: (id, upTo) => {
      const found = at(id, upTo);
      return found === undefined ? undefined : (found.block.seenMs ?? 0);
    },
    *by(author, upTo) {
      for (const { header, first } of known.values()) if (header.author === author && first <= upTo) yield header;
    },
    *arrived(after, upTo) {
      for (const { id, type } of events.slice(after, upTo))
        if (type === 'put') yield { id, author: known.get(id)!.header.author };
    },
  };
}

export function headerOf({ id, kind, author, timeMs, refs, prev }: WorldBlock): BlockHeader {
  return { id, kind, author, timeMs, refs, ...(prev === undefined ? {} : { prev }) };
}

/** As the kind reads it; undefined where the kind is unknown or refuses it. */
export function parsedBody(block: WorldBlock, registry: Registry): unknown {
  const { fields, links = [], tags = [] } = block;
  const kind = registry.kind(block.kind);
  if (fields === undefined || kind === undefined) return undefined;
  const body: ValueMap = {
    ...fields,
    salt: new Uint8Array(16),
    tags,
    linked_blocks: links.map(({ rel, id }) => ({ rel, id: cidOfId(id) })),
  };
  const parsed = readBody(kind, headerOf(block), body, encode(body).length);
  return parsed.ok ? parsed.body : undefined;
}

function cidOfId(id: BlockId): Cid {
  return parseCid(id);
}
