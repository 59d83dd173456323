import { CosmicError, portableChecks, publicKeyOfDid, type BlockId, type NodeApi } from '@cosmicembeddings/sdk';
import { receiptsOf } from '@cosmicembeddings/sdk/api';
import { note, Refused, shortDid, UsageError } from '../output.js';
import type { Settings } from '../settings.js';

export const operatorFlag = {
  type: 'string',
  array: true,
  nargs: 1,
  describe: 'did:key of a node whose word counts; may be repeated. Without any, every node’s: keys cost nothing',
} as const;

export function operatorsOf(given: readonly string[] = []): readonly string[] | undefined {
  for (const did of given)
    if (publicKeyOfDid(did) === undefined) throw new UsageError(`--operator ${did}: expected a did:key`);
  return given.length === 0 ? undefined : given;
}

export interface CopiesWanted {
  readonly copies: number;
  /** Whose receipts count; undefined: everybody's. */
  readonly operators: readonly string[] | undefined;
  readonly waitMs: number;
}

const LOOK_MS = 500;

/** Waits until each block has receipts of so many operators, every one verified here. @throws Refused when they do not come */
export async function awaitCopies(
  client: Pick<NodeApi, 'view' | 'get'>,
  ids: readonly BlockId[],
  { copies, operators, waitMs }: CopiesWanted,
  settings: Settings,
): Promise<void> {
  const checks = portableChecks(settings.network);
  const endMs = Date.now() + waitMs;
  const fetched = new Map<BlockId, ReturnType<NodeApi['get']>>();
  // One receipt speaks of up to a thousand blocks.
  const get = (id: BlockId): ReturnType<NodeApi['get']> => {
    if (!fetched.has(id)) fetched.set(id, client.get(id));
    return fetched.get(id)!;
  };
  let rest = [...ids];
  const witnesses = new Set<string>();
  for (;;) {
    const lacking: BlockId[] = [];
    let fewest = Infinity;
    for (const id of rest) {
      const receipts = await receiptsOf({ view: client.view, get }, id, checks).catch(unlessUnreachable);
      const counted = receipts.filter(({ node }) => operators?.includes(node) ?? true);
      for (const { node } of counted) witnesses.add(node);
      if (counted.length >= copies) continue;
      lacking.push(id);
      fewest = Math.min(fewest, counted.length);
    }
    rest = lacking;
    if (rest.length === 0) break;
    if (Date.now() >= endMs) {
      note(
        `${rest.length} of ${ids.length} blocks lack receipts: at least one has ${fewest} of ${copies}. They are published; ` +
          'nodes countersign when they are started with --receipts. cosmic witness ID looks again',
      );
      throw new Refused();
    }
    await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
  }
  note(`${ids.length} blocks have receipts of ${copies} operators: ${[...witnesses].map(shortDid).join(', ')}`);
}

function unlessUnreachable(error: unknown): [] {
  // A view that is being built answers soon.
  if (error instanceof CosmicError && error.code === 'view.building') return [];
  throw error;
}
