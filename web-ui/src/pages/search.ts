import { CosmicError, codes, portableChecks, type Checks, type Hit, type SearchAnswer } from '@cosmicembeddings/sdk';
import { verifyHit, type NodeClient } from '@cosmicembeddings/sdk/api';
import { count, element } from '../parts/element.js';
import { hitCard, type HitCard } from '../parts/hit.js';
import { filterOf, hasFilter, type Query } from '../parts/query.js';
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
  query: Query,
  network: string,
  client: NodeClient,
  { content, say }: Place,
  signal: AbortSignal,
): Promise<void> {
  say('asking the node …');
  const shown = new Set<string>();
  const more = element('button', { type: 'button', class: 'plain more' }, 'More hits');
  more.hidden = true;
  content.replaceChildren(more);
  const load = async (k: number): Promise<void> => {
    more.disabled = true;
    const asked = query.like === undefined ? { text: query.words } : { like: { id: query.like } };
    const answer = await client.search({ ...asked, k, filter: filterOf(query), verdicts: true }, signal);
    const fresh = answer.hits.filter(({ id, row }) => !shown.has(`${id} ${row}`));
    for (const { id, row } of fresh) shown.add(`${id} ${row}`);
    const cards = fresh.map((hit) => hitCard(hit, query));
    more.before(...cards.map((card) => card.node));
    more.disabled = false;
    more.hidden = answer.hits.length < k || k >= HITS_MAX;
    more.onclick = () => void load(k + PAGE).catch((error: unknown) => signal.aborted || say(explain(error)));
    const notes = answer.notes ?? [];
    say([shown.size === 0 ? nothingText(query) : count(shown.size, 'hit'), ...notes].join(' · '));
    await settle(fresh, cards, answer);
  };
  const settle = async (hits: readonly Hit[], cards: readonly HitCard[], answer: SearchAnswer): Promise<void> => {
    for (const [i, hit] of hits.entries()) {
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
  };
  await load(PAGE);
}

const PAGE = 10;
const HITS_MAX = 100;

function nothingText(query: Query): string {
  return hasFilter(query) ? 'Nothing found that is like that; take a filter away above.' : 'Nothing found.';
}

export function explain(error: unknown): string {
  if (error instanceof CosmicError)
    return `${error.code}: ${error.detail || codes[error.code].meaning} ${codes[error.code].advice}`;
  return String((error as Error).message);
}
