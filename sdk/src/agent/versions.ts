import type { BlockId } from '../block/types.js';
import type { Did } from '../crypto/identity.js';
import type { Filter } from '../filter/index.js';
import type { Where } from '../metadata/index.js';
import type { ReaderParts } from './parts.js';
import { Documents, type Document } from './document.js';

/** Documents with one own id of one author, newest first: more than one where writers raced. */
export type Versions = readonly Document[];

const PAGE = 200;

/** All standing versions of these own ids, by id. */
export async function versionsOf(
  api: ReaderParts['api'],
  documents: Documents,
  author: Did,
  collection: string | undefined,
  ids: readonly string[],
): Promise<Map<string, Versions>> {
  const found = new Map<string, Document[]>();
  for (let from = 0; from < ids.length; from += PAGE) {
    const where: Where = {
      ...(collection === undefined ? {} : { '#collection': collection }),
      '#id': { $in: ids.slice(from, from + PAGE) },
    };
    const filter: Filter = { authors: [author], kinds: ['embedding/1'], where };
    const note = (document: Document): void => {
      const id = document.body.document!;
      found.set(id, [...(found.get(id) ?? []), document]);
    };
    for await (const page of pagesOf(api, filter)) {
      const { standing, isWhole } = await standingOf(documents, page);
      standing.forEach(note);
      // Who answers strangers reads no more: the newest stand among them.
      if (!isWhole) break;
    }
    (await documents.sealed.passing(filter)).forEach(note);
  }
  for (const [id, list] of found) found.set(id, list.sort(newestFirst));
  return found;
}

/** Blocks that pass, without those that were retracted or superseded as this node knows, a page at a time. */
export async function* pagesOf(
  api: ReaderParts['api'],
  filter: Filter,
  order: 'newest' | 'oldest' = 'newest',
): AsyncGenerator<readonly BlockId[]> {
  let after: string | undefined;
  do {
    const page = await api.find(filter, {
      limit: PAGE,
      order,
      hidden: 'hide',
      ...(after === undefined ? {} : { after }),
    });
    yield page.ids;
    after = page.next;
  } while (after !== undefined);
}

async function standingOf(
  documents: Documents,
  ids: readonly BlockId[],
): Promise<{ readonly standing: readonly Document[]; readonly isWhole: boolean }> {
  const { documents: read, isWhole } = await documents.readSome(ids);
  // A node may lag: what one of these says of another holds at once.
  const superseded = new Set(read.flatMap(({ supersedes }) => supersedes));
  const standing = read.filter(({ block, body }) => body.document !== undefined && !superseded.has(block));
  return { standing, isWhole };
}

/** The latest claimed time first; of one time the smaller block id. */
export function newestFirst(a: Document, b: Document): number {
  return b.timeMs - a.timeMs || (a.block < b.block ? -1 : 1);
}
