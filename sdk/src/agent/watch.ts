import { CosmicError } from '../errors.js';
import type { SearchAnswer, WatchRequest } from '../ports/index.js';
import { spaceIdOf } from '../space/index.js';
import type { Documents } from './document.js';
import type { ReaderParts } from './parts.js';
import { filterOf, judge } from './search.js';
import type { MemoryEvent, Watched } from './types.js';

/** Tells of documents as they come to be near, each checked as a search checks its hits. */
export async function* watch(
  { near, minScore, signal, ...scope }: Watched,
  { after }: { readonly after?: string },
  parts: ReaderParts,
  documents: Documents,
): AsyncGenerator<MemoryEvent> {
  const ending = new AbortController();
  const end = (): void => ending.abort();
  signal?.addEventListener('abort', end, { once: true });
  if (signal?.aborted === true) end();
  const request: WatchRequest = {
    ...(near === undefined ? {} : { near: await nearOf(near, parts) }),
    ...(minScore === undefined ? {} : { minScore }),
    ...(after === undefined ? {} : { after }),
    filter: filterOf(scope, parts),
  };
  let queries: SearchAnswer['queries'] = [];
  try {
    for await (const event of parts.api.watch(request, ending.signal)) {
      const { cursor } = event;
      if (event.type === 'opened') queries = event.spaces;
      else if (event.type === 'hit') {
        const { hit, block, why } = { why: '', ...(await judge(event.hit, { queries }, {}, parts, documents)) };
        yield hit === undefined ? { type: 'dropped', cursor, block, why } : { type: 'hit', cursor, hit };
      } else if (event.type === 'gone') yield { type: 'gone', cursor, block: event.id, why: event.why };
      else if (event.type !== 'at') yield event;
    }
  } finally {
    signal?.removeEventListener('abort', end);
    end();
  }
}

async function nearOf(
  near: NonNullable<Watched['near']>,
  { embedder }: ReaderParts,
): Promise<NonNullable<WatchRequest['near']>> {
  if (typeof near === 'string' && near.trim() === '') throw new CosmicError('search.bad_query', 'near is empty');
  if (embedder === undefined) {
    if (typeof near === 'string') return { text: near };
    throw new CosmicError('search.bad_query', 'a vector means nothing without the embedder whose space it is of');
  }
  const values = typeof near === 'string' ? (await embedder.embed([near], { role: 'query' })).vectors[0]! : near;
  return { vector: { space: spaceIdOf(embedder.space), values } };
}
