import { toHex } from '../bytes.js';
import { parseCid } from '../codec/cid.js';
import { pageKey, readPageKey, type PageKey } from '../filter/index.js';
import { itemOf, type Document, type Documents } from './document.js';
import type { ReaderParts } from './parts.js';
import { filterOf } from './search.js';
import type { Item, Listing, Scope } from './types.js';

const PAGE = 50;

/** Documents by time, as they stand: what was retracted or replaced is left out. */
export function list(
  { order = 'newest', ...scope }: Scope & { readonly order?: 'newest' | 'oldest' },
  parts: ReaderParts,
  documents: Documents,
): Listing {
  const filter = filterOf(scope, parts);
  const page: Listing['page'] = async (after) => {
    const found = await parts.api.find(filter, {
      limit: PAGE,
      order,
      hidden: 'hide',
      ...(after === undefined ? {} : { after }),
    });
    const { documents: read, isWhole, lastKey } = await documents.readSome(found.ids);
    const next = isWhole || lastKey === undefined ? found.next : pageKey(lastKey);
    const sealed = (await documents.sealed.passing(filter, scope.signal)).filter((one) =>
      isBetween(one, after, next, order),
    );
    const sign = order === 'newest' ? -1 : 1;
    return {
      items: [...read, ...sealed]
        .sort((a, b) => sign * compareTimes(keyOf(a), keyOf(b)))
        .map((one) => itemOf(one, undefined, 1, parts)),
      ...(next === undefined ? {} : { next }),
    };
  };
  return {
    page,
    [Symbol.asyncIterator]: async function* (): AsyncGenerator<Item> {
      let after: string | undefined;
      do {
        const { items, next } = await page(after);
        yield* items;
        after = next;
      } while (after !== undefined);
    },
  };
}

function keyOf({ block, timeMs }: Document): PageKey {
  return { timeMs, digest: toHex(parseCid(block).digest!) };
}

function compareTimes(a: PageKey, b: PageKey): number {
  return a.timeMs - b.timeMs || (a.digest < b.digest ? -1 : a.digest > b.digest ? 1 : 0);
}

/** Behind where the page before ended, and not behind where this one does. */
function isBetween(
  document: Document,
  after: string | undefined,
  next: string | undefined,
  order: 'newest' | 'oldest',
): boolean {
  const ahead = (key: string): number =>
    (order === 'newest' ? -1 : 1) * compareTimes(keyOf(document), readPageKey(key));
  return (after === undefined || ahead(after) > 0) && (next === undefined || ahead(next) <= 0);
}
