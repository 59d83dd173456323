import type { Metadata } from '../metadata/index.js';
import { Documents } from './document.js';
import { forget, type What } from './forget.js';
import type { MemoryParts } from './parts.js';
import { createReader } from './reader.js';
import { CollectionPin } from './pin.js';
import { remember } from './remember.js';
import type { About, Memory, NewMemory, Write } from './types.js';

/** The three verbs and their company over a node, a key and an embedder. */
export function createMemory<M extends Metadata = Metadata>(parts: MemoryParts): Memory<M> {
  const documents = new Documents(parts);
  const pin = new CollectionPin(parts);
  const memory = {
    ...createReader(parts, documents),
    author: parts.did,
    space: parts.embedder.space,
    remember: async (what: string | NewMemory | readonly (string | NewMemory)[], options: About & Write = {}) => {
      if (Array.isArray(what)) return remember(what as readonly (string | NewMemory)[], options, parts, documents, pin);
      const one = typeof what === 'string' ? { text: what } : (what as NewMemory);
      const { wait, signal, for: readers, ...about } = options;
      const write = {
        ...(wait === undefined ? {} : { wait }),
        ...(signal === undefined ? {} : { signal }),
        ...(readers === undefined ? {} : { for: readers }),
      };
      const [result] = await remember([{ ...about, ...one }], write, parts, documents, pin);
      return result!;
    },
    forget: (what: What, options: Parameters<Memory['forget']>[1] = {}) => forget(what, options, parts, documents, pin),
    [Symbol.asyncDispose]: async () => parts.close?.(),
  };
  return memory as unknown as Memory<M>;
}
