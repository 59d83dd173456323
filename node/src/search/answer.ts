import type { AskedSpace, Head, Hit, SearchAnswer, SearchRequest } from '@cosmicembeddings/sdk';
import { letBy, pageBudget } from './budget.js';
import { shownMax, writeCursor, type SearchCursor } from './cursor.js';
import type { CutText } from './cut-texts.js';
import type { Cuts } from './cuts.js';
import { coverageOf, excerptOf, type QuestionTerms } from './excerpt.js';
import { explain } from './explain.js';
import type { Scored } from './fusion.js';
import type { Gathered } from './gather.js';
import type { HitRow } from './hit-reader.js';
import type { Plan } from './plan.js';
import { rowsFrom, strengthOf } from './strength.js';

/** About what a hit that is written holds the event loop for. */
const PER_HIT_MS = 0.02;

/** A hit of the page. */
export interface ChosenRow {
  readonly scored: Scored;
  readonly hit: HitRow;
  readonly duplicates?: number;
  readonly pinned?: true;
  /** Key of the hit whose place this one took, when near-duplicates were folded. */
  readonly lead: number;
}

/** What was chosen of a ranking. */
export interface Page {
  readonly rows: readonly ChosenRow[];
  /** Keys of the copies that were folded into them. */
  readonly folded: readonly number[];
  /** Is at least one more hit known to exist? */
  readonly more: boolean;
  /** Did it end because its budget was spent? */
  readonly cut: boolean;
  /** Had some to be given more than their share, since no hits of others were among the candidates? */
  readonly crowded: boolean;
}

/** A page as it is said: the hits with what speaks for them, where the next page begins, and what is to be noted. */
export async function answerOf(
  request: SearchRequest,
  plan: Plan,
  gathered: Gathered,
  { rows, folded, more, cut }: Page,
  cursor: SearchCursor,
  head: Head,
  notes: string[],
  cuts: Cuts,
  pause: () => Promise<void>,
): Promise<SearchAnswer> {
  const byRow = request.rows === 'all';
  const exhausted = !more && gathered.complete;
  const shown = [
    ...new Set([
      ...cursor.shown,
      ...folded,
      ...rows.flatMap(({ hit, scored, lead }) => [lead, keyOf(hit, scored.label, byRow)]),
    ]),
  ];
  const next =
    exhausted || rows.length === 0 || shown.length > shownMax
      ? undefined
      : writeCursor(
          {
            epoch: head.epoch,
            seq: Math.min(cursor.seq, head.seq),
            labels: Math.min(cursor.labels, head.labels),
            shown,
          },
          request,
        );
  if (!exhausted && next === undefined && request.k > 0)
    notes.push(`pages end after ${shownMax} hits; narrow the question with a filter`);
  if (cut) notes.push('the page ends early: its blocks or texts are large; ask for the next one, or for fewer hits');
  if (gathered.indexedTo.seq < head.seq)
    notes.push(`indexed up to ${gathered.indexedTo.seq} of ${head.seq}: later blocks may be missing`);
  if (gathered.computedTo !== undefined && gathered.computedTo.seq < head.seq)
    notes.push(`texts embedded here up to ${gathered.computedTo.seq} of ${head.seq}`);
  const budget = pageBudget();
  const hits: Hit[] = [];
  for (const row of rows) {
    hits.push(hitOf(row, request, plan, gathered, cuts));
    budget.heldMs += PER_HIT_MS;
    const turn = letBy(budget, pause);
    if (turn !== undefined) await turn;
  }
  if (hits.length > 0 && hits.every(({ strength }) => strength === 'weak')) notes.push(allWeak);
  if (hits.some(({ strength, cosine }) => strength === 'unknown' && cosine !== undefined)) notes.push(notJudged);
  return {
    hits,
    requested: request.k,
    returned: rows.length,
    exhausted,
    indexedTo: gathered.indexedTo,
    head: { epoch: head.epoch, seq: head.seq },
    queries: [...plan.queries].map(([space, vector]) => ({ space, vector: numbersOf(vector) })),
    ...spacesOf(plan, gathered),
    ...(next === undefined ? {} : { next }),
    ...(notes.length === 0 ? {} : { notes }),
  };
}

function hitOf(
  { scored, hit, duplicates, pinned }: ChosenRow,
  request: SearchRequest,
  plan: Plan,
  gathered: Gathered,
  cuts: Cuts,
): Hit {
  const terms = plan.words === undefined ? undefined : cuts.termsOf(gathered);
  const cut = terms === undefined ? undefined : cuts.of(hit);
  const excerpt = cut === undefined ? undefined : excerptOf(hit.passage!, cut, terms!);
  const out = shownOf(hit, scored.score);
  if (scored.cosine !== undefined) {
    out.cosine = scored.cosine;
    if (scored.space !== undefined) out.space = scored.space;
    const translator = scored.space === undefined ? undefined : plan.ways.get(scored.space)?.translator;
    if (translator !== undefined) out.translator = translator;
  }
  if (scored.computed === true) out.computed = true;
  if (scored.textCosine !== undefined) out.textCosine = scored.textCosine;
  if (pinned !== true) out.strength = strengthOf(evidenceOf(scored, cut, terms, gathered));
  if (excerpt !== undefined) out.excerpt = excerpt;
  if (duplicates !== undefined) out.duplicates = duplicates;
  if (request.explain === true)
    out.explain = pinned === true ? { asked: 'by its id' } : explain(scored, gathered.scales, plan);
  return out;
}

/** All of a row but its number in the store. Named one by one: copying the rest of an object costs more than writing it as JSON. */
function shownOf(hit: HitRow, score: number): Writable<Hit> {
  const { id, row, space, author, kind, timeMs, firstSeenMs, tags, skyLabel, origin, heading, passage } = hit;
  const out: Writable<Hit> =
    space === undefined
      ? { id, row, author, kind, timeMs, firstSeenMs, tags, score }
      : { id, row, space, author, kind, timeMs, firstSeenMs, tags, score };
  if (skyLabel !== undefined) out.skyLabel = skyLabel;
  if (origin !== undefined) out.origin = origin;
  if (heading !== undefined) out.heading = heading;
  if (passage !== undefined) out.passage = passage;
  return out;
}

type Writable<T> = { -readonly [K in keyof T]: T[K] };

/** `Array.from` would make each number an object on the way. */
function numbersOf(vector: Float32Array): number[] {
  const numbers = new Array<number>(vector.length);
  for (let i = 0; i < vector.length; i++) numbers[i] = vector[i]!;
  return numbers;
}

/** How the question came into each space, and what its cosines there were compared with. */
function spacesOf({ ways, left }: Plan, { backgrounds, scales }: Gathered): Pick<SearchAnswer, 'spaces' | 'leftOut'> {
  const spaces = [...ways].map(([space, way]): AskedSpace => {
    const of = backgrounds.get(space);
    return {
      space,
      by: way.by,
      ...(way.translator === undefined ? {} : { translator: way.translator, quality: way.quality ?? 0 }),
      ...(of === undefined ? {} : { background: { of, n: scales.spaces.get(space)?.n ?? 0 } }),
    };
  });
  return { spaces, ...(left.length === 0 ? {} : { leftOut: left }) };
}

function evidenceOf(
  { cosine, demotion, space }: Scored,
  cut: CutText | undefined,
  terms: QuestionTerms | undefined,
  gathered: Gathered,
): Parameters<typeof strengthOf>[0] {
  const own = space === undefined ? undefined : gathered.own.get(space);
  // Where nobody counted the words, all weigh the same, and how many of them a text holds says little.
  const coverage =
    cut === undefined || terms === undefined || gathered.terms === undefined ? undefined : coverageOf(cut, terms);
  return {
    ...(cosine === undefined ? {} : { cosine: cosine - (demotion ?? 0) }),
    ...(own === undefined ? {} : { own }),
    ...(coverage === undefined ? {} : { coverage }),
  };
}

const allWeak =
  'all of these are weak: a question about nothing that is here would find as much; other words may find more';

const notJudged = `how good a match is, is not judged where too little is here to compare with: it takes ${rowsFrom} vectors of a space; the cosine says how near it is`;

/** What names a hit on later pages: its row, or its block. */
export function keyOf({ seq }: { readonly seq: number }, label: number, byRow: boolean): number {
  return byRow && label >= 0 ? 2 * label : 2 * seq + 1;
}
