import type { BlockId } from '../block/types.js';
import { CosmicError } from '../errors.js';
import type { ViewAnswer } from '../views/answer.js';

/** Whoever answers questions: a node, or a client of one. */
export interface Asked {
  view(name: string, question: string, params: Readonly<Record<string, unknown>>): Promise<ViewAnswer>;
}

/** All keys of the identity that a key belongs to, as this node knows it. @throws CosmicError as views do */
export async function keysOfIdentity(node: Asked, did: string): Promise<readonly string[]> {
  const { result } = await node.view('identities', 'of', { author: did });
  return (result as { readonly keys: readonly string[] }).keys;
}

/**
 * The block by which one of the same identity withdrew or superseded a block, a withdrawal first; undefined where none is
 * known to the node, or it cannot tell. @throws CosmicError node.unreachable
 */
export async function withdrawalOf(
  node: Asked,
  id: BlockId,
): Promise<{ readonly rel: 'retracts' | 'supersedes'; readonly by: BlockId } | undefined> {
  let reasons: readonly { readonly rel: string; readonly by?: BlockId; readonly acts: boolean }[];
  try {
    ({ reasons } = (await node.view('standing', 'of', { id })).result as { reasons: typeof reasons });
  } catch (error) {
    if (error instanceof CosmicError && error.code !== 'node.unreachable') return undefined;
    throw error;
  }
  const acting = reasons.flatMap(({ rel, by, acts }) =>
    acts && by !== undefined && (rel === 'retracts' || rel === 'supersedes') ? [{ rel, by } as const] : [],
  );
  return acting.find(({ rel }) => rel === 'retracts') ?? acting[0];
}
