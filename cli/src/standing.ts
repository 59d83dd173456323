import { checkAny, CosmicError, type Checks } from '@cosmicembeddings/sdk';
import type { NodeClient } from '@cosmicembeddings/sdk/api';
import { shortDid } from './output.js';

/** What became of a block, and how that is known. */
export interface ShownStanding {
  /** Undefined: nobody could be asked. */
  readonly stands: boolean | undefined;
  /** One sentence a reason; claims of strangers are called that. */
  readonly says: readonly string[];
}

interface Reason {
  readonly rel: string;
  readonly by?: string;
  readonly author: string;
  readonly acts: boolean;
}

/** Asks the node, and checks here what can be checked: the block that retracts or supersedes, its signature and whom it names. */
export async function standingOf(
  client: Pick<NodeClient, 'view' | 'get'>,
  id: string,
  author: string,
  checks: Checks,
): Promise<ShownStanding> {
  let answer: { readonly known?: boolean; readonly stands?: boolean; readonly reasons?: readonly Reason[] };
  try {
    answer = (await client.view('standing', 'of', { id })).result as typeof answer;
  } catch (error) {
    if (!(error instanceof CosmicError)) throw error;
    return { stands: undefined, says: [`standing not known: the node does not tell (${error.code})`] };
  }
  const says: string[] = [];
  for (const reason of answer.reasons ?? []) says.push(await reasonText(reason, { client, id, author, checks }));
  if (answer.known === false)
    return { stands: undefined, says: ['standing not known: the node has not looked at it yet'] };
  return {
    stands: answer.stands === true,
    says: says.length === 0 ? ['stands, says the node: nothing retracts or supersedes it there'] : says,
  };
}

async function reasonText(
  { rel, by, author: claimant, acts }: Reason,
  about: { client: Pick<NodeClient, 'get'>; id: string; author: string; checks: Checks },
): Promise<string> {
  const what =
    rel === 'retracts'
      ? 'RETRACTED'
      : rel === 'supersedes'
        ? 'SUPERSEDED'
        : 'signed with a key that had been handed over';
  if (by === undefined) return `${what}, says the node`;
  if (!acts)
    return `${shortDid(claimant)}, a stranger to this block, claims to ${rel === 'retracts' ? 'retract' : 'supersede'} it: no effect (${by})`;
  const view = await about.client.get(by);
  const checked = view === undefined ? undefined : checkAny(view.wire, about.checks);
  const proven =
    checked?.status === 'checked' &&
    checked.id === by &&
    checked.entry.author === about.author &&
    checked.entry.refs.some((ref) => ref.rel === rel && ref.id === about.id);
  return proven
    ? `${what} by its author: ${by}, verified here`
    : `${what} by ${shortDid(claimant)}, says the node: ${by}${checked?.status === 'checked' && claimant !== about.author ? ' (another key of the same identity, as the node knows it)' : ''}`;
}
