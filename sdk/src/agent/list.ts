import { itemOf, type Documents } from './document.js';
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
    const read = await documents.read(found.ids);
    return {
      items: read.flatMap((one) => (one === undefined ? [] : [itemOf(one, undefined, 1, parts)])),
      ...(found.next === undefined ? {} : { next: found.next }),
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
