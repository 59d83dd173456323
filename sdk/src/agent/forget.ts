import { createBlock } from '../block/create.js';
import type { BlockId } from '../block/types.js';
import { CosmicError } from '../errors.js';
import { limits } from '../limits.js';
import type { Where } from '../metadata/index.js';
import type { Document, Documents } from './document.js';
import type { MemoryParts } from './parts.js';
import { filterOf } from './search.js';
import type { CollectionPin } from './pin.js';
import type { Forgotten } from './types.js';
import { pagesOf, versionsOf } from './versions.js';

export type What = string | readonly string[] | { readonly where: Where } | { readonly all: true };

interface Found {
  readonly mine: readonly Document[];
  /** Own ids of other authors' documents that match. */
  readonly others: ReadonlySet<string>;
  readonly notFound: readonly string[];
}

/** Retracts what is one's own; others' documents are counted and left alone. */
export async function forget(
  what: What,
  { erase = false, dryRun = false }: { readonly erase?: boolean; readonly dryRun?: boolean },
  parts: MemoryParts,
  documents: Documents,
  pin: CollectionPin,
): Promise<Forgotten> {
  const found = await find(what, parts, documents);
  const ids = found.mine.map(({ block }) => block);
  const names = new Set(found.mine.map(({ body, block }) => body.document ?? block));
  const isAll = typeof what === 'object' && 'all' in what && what.all === true;
  const retractions = dryRun ? [] : await retract([...ids, ...(isAll ? await pin.letGo() : [])], parts);
  return {
    forgotten: names.size,
    notYours: found.others.size,
    notFound: found.notFound,
    erasedHere: erase && !dryRun && ids.length > 0 ? await eraseHere(ids, parts) : 0,
    retractions,
  };
}

async function find(what: What, parts: MemoryParts, documents: Documents): Promise<Found> {
  if (typeof what === 'string' || Array.isArray(what)) {
    const ids = typeof what === 'string' ? [what] : (what as readonly string[]);
    if (ids.length === 0) throw empty('[] names nothing; { all: true } is everything of yours in this collection');
    const found = await versionsOf(parts.api, documents, parts.did, parts.collection, ids);
    return { mine: [...found.values()].flat(), others: new Set(), notFound: ids.filter((id) => !found.has(id)) };
  }
  const scope = what as { readonly where?: Where; readonly all?: true };
  if (scope.all !== true && (scope.where === undefined || Object.keys(scope.where).length === 0))
    throw empty('an empty where is everything; say { all: true } if that is meant');
  const filter = filterOf(
    scope.where === undefined ? { authors: 'mine' } : { where: scope.where, authors: 'all' },
    parts,
  );
  const mine: Document[] = [];
  const others = new Set<string>();
  const note = (document: Document | undefined): void => {
    if (document === undefined) return;
    if (document.author === parts.did) mine.push(document);
    else others.add(`${document.author} ${document.body.document ?? document.block}`);
  };
  for await (const page of pagesOf(parts.api, filter)) (await documents.read(page)).forEach(note);
  (await documents.sealed.passing(filter)).forEach(note);
  return { mine, others, notFound: [] };
}

async function retract(ids: readonly BlockId[], { author, api, now }: MemoryParts): Promise<BlockId[]> {
  const blocks = [];
  for (let from = 0; from < ids.length; from += limits.refsMax) {
    const refs = ids.slice(from, from + limits.refsMax).map((id) => ({ rel: 'retracts', id }));
    blocks.push(await createBlock({ kind: 'retract/1', fields: {}, refs, timeMs: now() }, author));
  }
  const answers = await api.publish(
    blocks.map(({ wire }) => wire),
    { wait: 'indexed' },
  );
  for (const answer of answers) if (answer.status === 'rejected') throw new CosmicError(answer.code, answer.detail);
  return blocks.map(({ id }) => id);
}

/** The operator's right: without it nothing is erased, and the retraction stands all the same. */
async function eraseHere(ids: readonly BlockId[], { api }: MemoryParts): Promise<number> {
  try {
    return (await api.erase?.(ids, 'retracted'))?.length ?? 0;
  } catch (error) {
    if (error instanceof CosmicError && error.code === 'request.unauthorised') return 0;
    throw error;
  }
}

function empty(detail: string): CosmicError {
  return new CosmicError('memory.empty_filter', detail);
}
