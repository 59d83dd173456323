import { decodeBody, type CheckedBlock, type Checks } from '../block/index.js';
import { equalBytes, utf8 } from '../bytes.js';
import { sha256 } from '../crypto/index.js';
import type { Rejected } from '../errors.js';
import { checkAny, contentOf } from '../formats/index.js';
import type { Hit, NodeApi, SearchAnswer } from '../ports/index.js';
import { cosine, unpackRow } from '../space/index.js';

/** What a reader found out about a hit without trusting the node that gave it. */
export interface HitVerification {
  /** The block is whole, signed by the author shown, and its sky agrees with its time and place. */
  readonly signed: boolean;
  /**
   * The node's cosine is the one of the answer's query vector and the block's own row; absent where the hit has none, and where
   * the node made the vector (`computed`): the text is signed, no vector of it was compared.
   */
  readonly cosine?: boolean;
  /** The passage shown is the one whose hash the author signed; absent where the block carries no text. */
  readonly passage?: boolean;
  /** Why not, with the code. */
  readonly detail?: string;
}

/** Node and reader may add in another order and precision. */
const COSINE_TOLERANCE = 1e-4;

/** Fetches the hit's block and checks everything that can be checked about the hit. */
export async function verifyHit(
  hit: Hit,
  answer: Pick<SearchAnswer, 'queries'>,
  api: Pick<NodeApi, 'get'>,
  checks: Checks,
): Promise<HitVerification> {
  const view = await api.get(hit.id);
  if (view === undefined) return { signed: false, detail: 'block.not_found: the node does not give the block away' };
  return verifyIn(hit, answer, checkAny(view.wire, checks), checks.registry);
}

/** The same of a block that was checked already: one that holds many hits is checked once. */
export function verifyIn(
  hit: Hit,
  answer: Pick<SearchAnswer, 'queries'>,
  checked: CheckedBlock | Rejected,
  registry: Checks['registry'],
): HitVerification {
  if (checked.status === 'rejected') return { signed: false, detail: `${checked.code}: ${checked.detail}` };
  if (checked.id !== hit.id) return { signed: false, detail: `the node gave another block: ${checked.id}` };
  if (checked.entry.author !== hit.author)
    return { signed: false, detail: `signed by ${checked.entry.author}, shown as ${hit.author}` };
  const content = contentOf(checked, registry);
  const near = cosineOf(hit, answer, content.vectors);
  const text = content.passages[hit.row]?.text;
  const genuine =
    hit.passage === undefined || text === undefined
      ? undefined
      : text.startsWith(hit.passage.replace(/…$/, '')) && hashFits(checked.body, hit.row, text);
  return {
    signed: true,
    ...(near === undefined ? {} : { cosine: near }),
    ...(genuine === undefined ? {} : { passage: genuine }),
  };
}

function cosineOf(
  hit: Hit,
  answer: Pick<SearchAnswer, 'queries'>,
  vectors: ReturnType<typeof contentOf>['vectors'],
): boolean | undefined {
  const query = answer.queries.find((candidate) => candidate.space === hit.space);
  if (hit.cosine === undefined || hit.computed === true || query === undefined) return undefined;
  if (vectors === undefined || hit.row >= vectors.stored.rows) return false;
  const row = unpackRow(vectors.stored, vectors.space.dims, hit.row);
  return (
    query.vector.length === row.length &&
    Math.abs(cosine(Float32Array.from(query.vector), row) - hit.cosine) <= COSINE_TOLERANCE
  );
}

/** Is `text` what the row's signed input reference is the hash of? True for kinds without such references. */
function hashFits(body: Uint8Array | null, row: number, text: string): boolean {
  const decoded = body === null ? undefined : decodeBody(body);
  if (decoded?.status !== 'ok') return true;
  const references = decoded.body['input_reference'] as readonly { readonly hash?: Uint8Array }[] | undefined;
  const hash = references?.[row]?.hash;
  return hash === undefined || equalBytes(hash, sha256(utf8(text)));
}
