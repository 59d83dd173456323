import type { BlockId } from '../block/types.js';
import type { Did } from '../crypto/identity.js';
import { CosmicError } from '../errors.js';
import type { Metadata } from '../metadata/index.js';
import { Documents, itemOf } from './document.js';
import { list } from './list.js';
import type { ReaderParts } from './parts.js';
import { search } from './search.js';
import type { Item, Reader, SearchOptions, Watched } from './types.js';
import { versionsOf } from './versions.js';
import { watch } from './watch.js';

/** The verbs that need no key. */
export function createReader<M extends Metadata = Metadata>(
  parts: ReaderParts,
  documents = new Documents(parts),
): Reader<M> {
  const get = async (ids: readonly string[], author: Did | undefined): Promise<(Item | undefined)[]> => {
    if (author === undefined) throw new CosmicError('request.malformed', 'author: own ids are per author; say whose');
    const found = await versionsOf(parts.api, documents, author, parts.collection, ids);
    return ids.map((id) => {
      const versions = found.get(id);
      return versions === undefined ? undefined : itemOf(versions[0]!, undefined, versions.length, parts);
    });
  };

  const reader = {
    search: (question: Parameters<Reader['search']>[0], options: SearchOptions = {}) =>
      search(question, options, parts, documents),
    get: async (id: string | readonly string[], { author = parts.did }: { readonly author?: Did } = {}) =>
      typeof id === 'string' ? (await get([id], author))[0] : get(id, author),
    read: async (block: BlockId) => {
      const [open] = await documents.read([block]);
      const document = open ?? (await documents.sealed.one(block));
      return document === undefined ? undefined : itemOf(document, undefined, 1, parts);
    },
    watch: (question: Watched, options: { readonly after?: string } = {}) => watch(question, options, parts, documents),
    list: (options: Parameters<Reader['list']>[0] = {}) => list(options, parts, documents),
  };
  return reader as unknown as Reader<M>;
}
