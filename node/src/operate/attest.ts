import {
  contentOf,
  createBlock,
  CosmicError,
  spaceIdOf,
  type Accept,
  type Author,
  type BlockStore,
  type Catalogue,
  type Clock,
  type Embedder,
  type EmbeddingBody,
  type Registry,
  type Sha256,
} from '@cosmicembeddings/sdk';
import { decodeBody } from '@cosmicembeddings/sdk/block';
import { attestationOf } from '@cosmicembeddings/sdk/translators';

export interface AttestingOptions {
  readonly perHour: number;
  readonly store: Pick<BlockStore, 'get'>;
  readonly catalogue: Pick<Catalogue, 'find'>;
  readonly registry: Registry;
  /** Those of this process: what strangers wrote is sent to no service. */
  readonly embedders: () => Promise<readonly Embedder[]>;
  readonly accept: Accept;
  /** Signs with the node's own key, in the node's own name. */
  readonly author: Author;
  readonly did: string;
  readonly clock: Clock;
  readonly sha256?: Sha256;
  /** 0 to below 1. */
  readonly random: () => number;
  onAttested?(said: { readonly id: string; readonly agrees: boolean; readonly cosine: number }): void;
  onError?(error: unknown): void;
}

const HOUR_MS = 3_600_000;
/** Of so many of the newest blocks one is taken. */
const RECENT = 500;
const REMEMBERED = 10_000;

/**
 * Takes blocks at random of what came in lately, computes their vectors anew and signs whether they are the same; at most so
 * many an hour, none twice in a process's life. One block at a time, with all that waits between them.
 */
export function startAttesting(options: AttestingOptions): { close(): Promise<void> } {
  const { perHour, clock, onError } = options;
  const stop = new AbortController();
  const seen = new Set<string>();
  const loop = async (): Promise<void> => {
    for (;;) {
      try {
        await clock.sleep(HOUR_MS / perHour, stop.signal);
      } catch {
        return;
      }
      try {
        await attestOne(options, seen, stop.signal);
      } catch (error) {
        if (stop.signal.aborted) return;
        onError?.(error);
      }
    }
  };
  const running = loop();
  return {
    close: async () => {
      stop.abort();
      await running;
    },
  };
}

async function attestOne(options: AttestingOptions, seen: Set<string>, signal: AbortSignal): Promise<void> {
  const { store, catalogue, registry, accept, author, did, clock, random } = options;
  const embedders = await options.embedders();
  if (embedders.length === 0) return;
  const filter = {
    kinds: ['embedding/1'],
    spaces: embedders.map(({ space }) => spaceIdOf(space)),
  };
  const { ids } = await catalogue.find(filter, { limit: RECENT, order: 'newest' });
  const open = ids.filter((id) => !seen.has(id));
  const id = open[Math.floor(random() * open.length)];
  if (id === undefined) return;
  seen.add(id);
  if (seen.size > REMEMBERED) seen.delete([...seen][0]!);
  const [block] = await store.get([id]);
  if (block === undefined || block.body === null || block.entry.author === did) return;
  const embedder = embedders.find(({ space }) => spaceIdOf(space) === block.entry.space);
  const decoded = decodeBody(block.body);
  if (embedder === undefined || decoded.status === 'rejected' || contentOf(block, registry).vectors === undefined)
    return;
  let said: Awaited<ReturnType<typeof attestationOf>>;
  try {
    const hash = options.sha256;
    said = await attestationOf(decoded.body as unknown as EmbeddingBody, embedder, {
      signal,
      ...(hash === undefined ? {} : { sha256: hash }),
    });
  } catch (error) {
    // Texts that their author kept cannot be looked at.
    if (error instanceof CosmicError && error.code === 'attest.no_input') return;
    throw error;
  }
  const made = await createBlock(
    { kind: 'attest/1', fields: said.fields, refs: [{ rel: 'attests', id }], timeMs: Math.floor(clock.now()) },
    author,
  );
  const answer = await accept(made.wire, { type: 'own' });
  if (answer.status === 'rejected') throw new CosmicError(answer.code, answer.detail);
  options.onAttested?.({ id, agrees: said.agrees, cosine: said.cosine });
}
