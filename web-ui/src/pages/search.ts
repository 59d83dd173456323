import { CosmicError, codes, portableChecks, type Checks } from '@cosmicembeddings/sdk';
import { verifyHit, type NodeClient } from '@cosmicembeddings/sdk/api';
import { count } from '../parts/element.js';
import { hitCard } from '../parts/hit.js';
import { chartOf } from '../parts/sky.js';

export interface Place {
  readonly content: HTMLElement;
  readonly say: (text: string) => void;
}

let checks: Checks | undefined;

/** The same checks for all pages: the sky keeps what it has computed. */
export function checksOf(network: string): Checks {
  if (checks?.network !== network) checks = portableChecks(network);
  return checks;
}

/** Asks the node, shows the hits at once and verifies them one by one. */
export async function showHits(
  question: string,
  network: string,
  client: NodeClient,
  { content, say }: Place,
  signal: AbortSignal,
): Promise<void> {
  say('asking the node …');
  const answer = await client.search({ text: question, k: 10, verdicts: true }, signal);
  const cards = answer.hits.map(hitCard);
  content.replaceChildren(...cards.map((card) => card.node));
  const notes = answer.notes ?? [];
  say([answer.hits.length === 0 ? 'Nothing found.' : count(answer.hits.length, 'hit'), ...notes].join(' · '));
  for (const [i, hit] of answer.hits.entries()) {
    if (signal.aborted) return;
    let wire: Uint8Array | undefined;
    const get: NodeClient['get'] = async (id) => {
      const view = await client.get(id);
      wire = view?.wire;
      return view;
    };
    const mark = await verifyHit(hit, answer, { get }, checksOf(network));
    cards[i]!.settle(mark, mark.signed && wire !== undefined ? chartOf(wire, 300) : undefined);
  }
}

export function explain(error: unknown): string {
  if (error instanceof CosmicError)
    return `${error.code}: ${error.detail || codes[error.code].meaning} ${codes[error.code].advice}`;
  return String((error as Error).message);
}
