import type { Did } from '../crypto/identity.js';
import type { Metadata } from '../metadata/index.js';
import { Documents, itemOf } from './document.js';
import { forget, type What } from './forget.js';
import { list } from './list.js';
import type { MemoryParts } from './parts.js';
import { remember } from './remember.js';
import { search } from './search.js';
import type { About, Item, Memory, NewMemory, SearchOptions, Write } from './types.js';
import { versionsOf } from './versions.js';

/** The three verbs and their company over a node, a key and an embedder. */
export function createMemory<M extends Metadata = Metadata>(parts: MemoryParts): Memory<M> {
  const documents = new Documents(parts);

  const get = async (ids: readonly string[], author: Did): Promise<(Item | undefined)[]> => {
    const found = await versionsOf(parts.api, documents, author, parts.collection, ids);
    return ids.map((id) => {
      const versions = found.get(id);
      return versions === undefined ? undefined : itemOf(versions[0]!, undefined, versions.length, parts);
    });
  };

  const memory = {
    author: parts.did,
    space: parts.embedder.space,
    remember: async (what: string | NewMemory | readonly (string | NewMemory)[], options: About & Write = {}) => {
      if (Array.isArray(what)) return remember(what as readonly (string | NewMemory)[], options, parts, documents);
      const one = typeof what === 'string' ? { text: what } : (what as NewMemory);
      const { wait, signal, ...about } = options;
      const write = {
        ...(wait === undefined ? {} : { wait }),
        ...(signal === undefined ? {} : { signal }),
      };
      const [result] = await remember([{ ...about, ...one }], write, parts, documents);
      return result!;
    },
    search: (question: Parameters<Memory['search']>[0], options: SearchOptions = {}) =>
      search(question, options, parts, documents),
    get: async (id: string | readonly string[], { author = parts.did }: { readonly author?: Did } = {}) =>
      typeof id === 'string' ? (await get([id], author))[0] : get(id, author),
    list: (options: Parameters<Memory['list']>[0] = {}) => list(options, parts, documents),
    forget: (what: What, options: Parameters<Memory['forget']>[1] = {}) => forget(what, options, parts, documents),
    [Symbol.asyncDispose]: async () => parts.close?.(),
  };
  return memory as unknown as Memory<M>;
}
