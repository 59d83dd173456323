import { compareBytes } from '../bytes.js';
import type { KeyedEntry, KeyedStore } from '../views/keyed-store.js';

/** Entries in order, in pages that are split when they grow: a B-tree of two levels. */
const PAGE_MAX = 256;

export function createMemoryKeyed(): KeyedStore & { readonly size: number } {
  const pages: KeyedEntry[][] = [[]];
  let size = 0;
  let undo: (() => void)[] | undefined;

  /** The page where `key` belongs. */
  const pageOf = (key: Uint8Array): number => {
    let [low, high] = [0, pages.length - 1];
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (compareBytes(pages[middle]![0]![0], key) <= 0) low = middle;
      else high = middle - 1;
    }
    return low;
  };
  /** The first entry of a page that is not before `key`. */
  const placeIn = (page: readonly KeyedEntry[], key: Uint8Array): number => {
    let [low, high] = [0, page.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (compareBytes(page[middle]![0], key) < 0) low = middle + 1;
      else high = middle;
    }
    return low;
  };
  const find = (key: Uint8Array): { page: number; at: number; found: KeyedEntry | undefined } => {
    const page = pageOf(key);
    const at = placeIn(pages[page]!, key);
    const entry = pages[page]![at];
    return { page, at, found: entry !== undefined && compareBytes(entry[0], key) === 0 ? entry : undefined };
  };
  const put = (key: Uint8Array, value: Uint8Array): void => {
    const { page, at, found } = find(key);
    const list = pages[page]!;
    list.splice(at, found === undefined ? 0 : 1, [key, value]);
    if (found === undefined) size += 1;
    if (list.length > PAGE_MAX) pages.splice(page + 1, 0, list.splice(PAGE_MAX / 2));
  };
  const drop = (key: Uint8Array): void => {
    const { page, at, found } = find(key);
    if (found === undefined) return;
    pages[page]!.splice(at, 1);
    size -= 1;
    if (pages[page]!.length === 0 && pages.length > 1) pages.splice(page, 1);
  };
  const remember = (key: Uint8Array): void => {
    if (undo === undefined) return;
    const before = find(key).found;
    undo.push(before === undefined ? () => drop(key) : () => put(before[0], before[1]));
  };

  return {
    get size() {
      return size;
    },
    get: (key) => find(key).found?.[1],
    range(from, to, limit, reverse = false) {
      const out: KeyedEntry[] = [];
      if (!reverse) {
        let { page, at } = find(from);
        for (; page < pages.length && out.length < limit; page++, at = 0) {
          for (; at < pages[page]!.length && out.length < limit; at++) {
            const entry = pages[page]![at]!;
            if (to !== undefined && compareBytes(entry[0], to) >= 0) return out;
            out.push(entry);
          }
        }
        return out;
      }
      let { page, at } = to === undefined ? { page: pages.length - 1, at: pages.at(-1)!.length } : find(to);
      for (; page >= 0 && out.length < limit; page--, at = pages[page]?.length ?? 0) {
        for (at -= 1; at >= 0 && out.length < limit; at--) {
          const entry = pages[page]![at]!;
          if (compareBytes(entry[0], from) < 0) return out;
          out.push(entry);
        }
      }
      return out;
    },
    set(key, value) {
      remember(key);
      put(key.slice(), value.slice());
    },
    delete(key) {
      remember(key);
      drop(key);
    },
    transaction(work) {
      if (undo !== undefined) throw new Error('a transaction within a transaction');
      const steps: (() => void)[] = (undo = []);
      try {
        const result = work();
        undo = undefined;
        return result;
      } catch (error) {
        undo = undefined;
        for (const step of steps.reverse()) step();
        throw error;
      }
    },
  };
}
