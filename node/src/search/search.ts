import {
  corePlugins,
  createRegistry,
  spaceLabel,
  type AskedSpace,
  type BlockId,
  type Filter,
  type Head,
  type Hit,
  type SearchAnswer,
  type SearchRequest,
} from '@cosmicembeddings/sdk';
import { AuthorShare } from './author-share.js';
import { isSpent, letBy, pageBudget, readBytesOf, type PageBudget } from './budget.js';
import { Collapser } from './collapse.js';
import { cutText, equalTerms, type CutText } from './cut-texts.js';
import { coverageOf, excerptOf, type QuestionTerms } from './excerpt.js';
import { whyEmpty } from './empty-filter.js';
import { strengthOf } from './strength.js';
import { readCursor, shownMax, writeCursor, type SearchCursor } from './cursor.js';
import { explain } from './explain.js';
import { FilterBits, type Allowed } from './filter-bits.js';
import { byScore, type Scored } from './fusion.js';
import { Gatherer, rank, type Gathered } from './gather.js';
import { HitReader, type HitRow, type Wanted } from './hit-reader.js';
import type { SearchParts } from './parts.js';
import { Planner, type Plan } from './plan.js';
import type { NearIn } from './watch/watches.js';
import { lookMs, TextVectors } from './text-vectors.js';
import { findRelated, type Related } from './related.js';
import { SilentShare } from './silent-share.js';
import { createPauses } from '../turns.js';
import { isEcho, Turns } from './turns.js';

export interface Search {
  /** @throws CosmicError search.bad_query, search.no_embedder, space.unknown, space.dims_mismatch, block.not_found */
  (request: SearchRequest, signal?: AbortSignal): Promise<SearchAnswer>;
  /** Vectors of what stands to be near, in spaces that are here, and those spaces' backgrounds. @throws as a search does */
  near(near: Pick<SearchRequest, 'text' | 'vector' | 'like'>, filter?: Filter): Promise<NearIn>;
  /** Blocks that are linked with one, and blocks near it, each with the reason. @throws CosmicError block.not_found */
  related(id: BlockId, limit: number): Promise<Related>;
}

const CACHE_BYTES = 32 * 1024 * 1024;
/** Rows asked for beyond what a page needs, for those that fall to hiding, caps and sibling rows. */
const SPARE = 8;
/** Candidates of a hybrid search from either side: a block that is tenth by both is seldom found at depth ten. */
const HYBRID_MIN = 60;
/** First candidates that are compared with their texts, and how often those are looked at that moved up. */
const TEXTS_MAX = 64;
const TEXT_ROUNDS = 8;
/** Hits whose texts are read at a time. */
const READ_AT_ONCE = 64;
/** A larger page had its turn before it began (node/src/http/cost.ts). */
const PLAIN_MAX = 100;
/** A small page that reads more than this of large blocks waits for others that do, too. */
const PLAIN_BYTES = 8 * 1024 * 1024;
/** About what reading goes on for then, before it waits again. */
const PACED_MS = 20;
const PACED_HITS = 4;
/** Places that are looked up at a time, and about what each holds the event loop for; so much for a hit that is written. */
const PLACES_AT_ONCE = 256;
const PER_PLACE_MS = 0.01;
const PER_HIT_MS = 0.02;
/** Candidates that are looked at for hits of others, where the first ones are all of a few authors. */
const OTHERS_DEPTH = 240;

/** The question that a node answers: what is near this? Depends on ports alone. */
export function createSearch(parts: SearchParts): Search {
  const registry = parts.registry ?? createRegistry(corePlugins);
  const planner = new Planner(parts, registry);
  const filters = new FilterBits(parts.catalogue);
  const pause = createPauses();
  const reader = new HitReader({
    store: parts.store,
    catalogue: parts.catalogue,
    registry,
    maxBytes: parts.cacheMaxBytes ?? CACHE_BYTES,
    pause,
    ...(parts.erasures === undefined ? {} : { erasures: parts.erasures }),
  });
  const carryText = async (labels: readonly number[], head: Head): Promise<readonly boolean[]> => {
    const unknown = labels.filter((label) => reader.carriesText(label) === undefined);
    await learn(reader, unknown, head);
    return labels.map((label) => reader.carriesText(label) ?? true);
  };
  const gatherer = new Gatherer(parts, carryText);
  const silent = new SilentShare(parts.catalogue, carryText);

  const textVectors =
    parts.ownEmbedders === undefined
      ? undefined
      : new TextVectors({
          embedders: parts.ownEmbedders,
          passages: async (labels) => {
            const head = await parts.store.head();
            const places = await reader.places(
              labels.map((label) => ({ label })),
              head,
            );
            const there = places.filter((place) => place !== undefined);
            const hits = await reader.read(there, head, pageBudget());
            const texts = new Map(there.map(({ label }, i) => [label, hits[i]?.passage]));
            return labels.map((label) => texts.get(label));
          },
          nowMs: () => parts.clock.now(),
        });

  async function search(request: SearchRequest, signal?: AbortSignal): Promise<SearchAnswer> {
    signal?.throwIfAborted();
    const isHiding = request.hidden !== 'show';
    if (isHiding) await parts.settled?.();
    const head = await parts.store.head();
    const plan = await planner.plan(request, signal);
    const cursor = startOf(request, head);
    const notes = [...plan.notes];
    if (request.after !== undefined && cursor.epoch !== head.epoch)
      notes.push('the store was rebuilt since the page before: blocks may repeat');
    const allow = (): Promise<Allowed> => filters.allowed(request.filter, isHiding ? parts.hidden() : undefined, head);
    const cuts = new Cuts(plan);
    let allowed = await allow();
    const hybrid = plan.words !== undefined && plan.queries.size > 0;
    let depth = Math.max(
      cursor.shown.length + (request.collapse === true ? 3 : 1) * request.k + SPARE,
      hybrid ? HYBRID_MIN : 0,
    );
    for (;;) {
      // k = 0 asks whether the question is good and how far the index reaches.
      const gathered = await byTexts(
        await gatherer.gather(plan, allowed, head, request.k === 0 ? 1 : depth, signal),
        plan,
        cursor.shown.length + request.k,
        `${head.epoch} ${parts.erasures?.() ?? head.seq}`,
        signal,
      );
      const page = await choose(request, plan, gathered, cursor, head, cuts, signal);
      if (isHiding && (await isOutdated(page))) {
        allowed = await allow();
        continue;
      }
      const isAll = page.cut || gathered.complete || depth > head.labels + head.count;
      if (isAll || (page.rows.length >= request.k && !(page.crowded && depth < OTHERS_DEPTH))) {
        if (page.rows.length === 0 && request.k > 0) notes.push(...(await whyEmpty(request.filter, parts.catalogue)));
        notes.push(...(await doubtsOf(page)));
        return answer(request, plan, gathered, page, cursor, head, notes, cuts, pause);
      }
      depth *= 4;
    }
  }

  /** Of the spaces whose authors' own rows are on the page. */
  async function doubtsOf({ rows }: Page): Promise<string[]> {
    const spaces = new Set(
      rows.flatMap(({ scored }) => (scored.space === undefined || scored.computed === true ? [] : [scored.space])),
    );
    const said = await Promise.all(
      [...spaces].map(async (space) =>
        (parts.doubts?.(space) ?? []).map(async (why) => `${spaceLabel(await planner.describe(space))}: ${why}`),
      ),
    );
    return Promise.all(said.flat());
  }

  /** The first candidates, ranked by their texts where their rows claim more; those that move up are looked at, too. */
  async function byTexts(
    gathered: Gathered,
    plan: Plan,
    k: number,
    stand: string,
    signal?: AbortSignal,
  ): Promise<Gathered> {
    let { ranked } = gathered;
    if (textVectors === undefined || plan.queries.size === 0) return gathered;
    const untilMs = parts.clock.now() + lookMs;
    for (let round = 0; round < TEXT_ROUNDS; round++) {
      const first = ranked
        .slice(0, Math.min(TEXTS_MAX, k + SPARE))
        .filter(({ textCosine }) => textCosine === undefined);
      const overstated = await textVectors.overstated(first, plan.queries, stand, untilMs, signal);
      if (overstated.size === 0) break;
      ranked = rank(
        ranked.map((one) => {
          const textCosine = overstated.get(one.label);
          return textCosine === undefined
            ? one
            : { ...one, textCosine, demotion: Math.max(one.demotion ?? 0, one.cosine! - textCosine) };
        }),
        gathered,
        plan,
      );
    }
    return { ...gathered, ranked };
  }

  /** Blocks newer than what is known to be hidden are judged before they are shown. */
  async function isOutdated({ rows }: Page): Promise<boolean> {
    const judging = parts.settled?.(rows.reduce((newest, { hit }) => Math.max(newest, hit.seq), 0));
    if (judging === undefined) return false;
    await judging;
    return rows.some(({ hit, pinned }) => pinned !== true && parts.isHidden?.(hit.id) === true);
  }

  /** Walks the ranking and takes what the request wants to see, `k` of it and a look at whether there is more. */
  async function choose(
    request: SearchRequest,
    plan: Plan,
    gathered: Gathered,
    cursor: SearchCursor,
    head: Head,
    cuts: Cuts,
    signal?: AbortSignal,
  ): Promise<Page> {
    const { k, minCosine, perAuthor } = request;
    const byRow = request.rows === 'all';
    const shown = new Set(cursor.shown);
    const seen = new Set<string>();
    const authors = new Map<string, number>();
    const budget = pageBudget();
    const foldsAll = request.collapse === true;
    const collapser =
      foldsAll || (request.collapse === undefined && !byRow)
        ? new Collapser(
            parts.store,
            registry,
            budget,
            foldsAll,
            (hit) => cuts.of(hit),
            (cut) => gathered.terms !== undefined && isEcho(cut, cuts.termsOf(gathered)!),
            (cut) => (plan.words === undefined ? 0 : (coverageOf(cut, cuts.termsOf(gathered)!) ?? 0)),
          )
        : undefined;
    /** Copies that are not to come back on the next page; hits of pages before are not read again to find more of them. */
    const folded: number[] = [];
    const rows: ChosenRow[] = [];
    const pinned = await pin(plan, shown, request, head, budget);
    if (pinned !== undefined) {
      seen.add(pinned.hit.id);
      if (!shown.has(keyOf(pinned.hit, pinned.scored.label, byRow))) rows.push(pinned);
    }
    const share = new AuthorShare(request, parts.catalogue);
    /** Hits of whom there is enough on the page: they come when others run out, else on the pages to come. */
    let later: Chosen[] = [];
    const { catalogue } = parts;
    const turns = new Turns(
      request,
      {
        silentShare: (space) => silent.of(space, head),
        terms: gathered.terms === undefined || plan.asked?.includes('"') === true ? undefined : cuts.termsOf(gathered),
        cut: (hit) => cuts.of(hit),
        blocksBy: (author) => catalogue.blocksBy(author),
        blocks: async () => (await catalogue.counts()).blocks,
      },
      cursor.shown.length,
    );
    /** Hits whose turn it is not yet, by what they wait for, in their order. */
    const waiting = new Map<string, Set<Read>>();
    let crowded = false;
    let [more, cut] = [false, false];
    const { ranked } = gathered;
    // Nearly always the first ones are shown, and one more says that there is more.
    let chunk = Math.min(PLACES_AT_ONCE, k + 1);
    // With all near ones to be folded, they are counted as far as was looked.
    const done = (): boolean => cut || (more && !foldsAll);
    const isWanted = (place: Wanted | undefined, scored: Scored): place is Wanted => {
      if (place !== undefined && request.hidden !== 'show' && parts.isHidden?.(place.id) === true) return false;
      if (place === undefined || place.id === plan.exclude || (place.id === plan.pinned?.id && !byRow)) return false;
      if (scored.label >= cursor.labels || place.seq > cursor.seq) return false;
      if (minCosine !== undefined && !((scored.cosine ?? -2) - (scored.demotion ?? 0) >= minCosine)) return false;
      if (!byRow && seen.has(place.id)) return false;
      seen.add(place.id);
      return true;
    };
    const isAllowed = (place: Wanted): boolean => {
      const ofAuthor = (authors.get(place.author) ?? 0) + 1;
      authors.set(place.author, ofAuthor);
      return (perAuthor === undefined || ofAuthor <= perAuthor) && !shown.has(keyOf(place, place.label, byRow));
    };
    let at = 0;
    const nextOnes = async (): Promise<Chosen[]> => {
      if (at >= ranked.length) {
        crowded ||= rows.length < k;
        share.open();
        turns.open();
        const rest = [...later, ...[...waiting.values()].flatMap((some) => [...some])];
        later = [];
        waiting.clear();
        return rest.sort((a, b) => byScore(a.scored, b.scored));
      }
      const part = ranked.slice(at, at + chunk);
      at += chunk;
      chunk = Math.min(PLACES_AT_ONCE, k + SPARE);
      const places = await reader.places(part, head);
      budget.heldMs += part.length * PER_PLACE_MS;
      const turn = letBy(budget, pause);
      if (turn !== undefined) await turn;
      const wanted = part.flatMap((scored, i) => (isWanted(places[i], scored) ? [{ scored, place: places[i] }] : []));
      return foldsAll ? wanted : wanted.filter(({ place }) => isAllowed(place));
    };
    const take = async ({ scored, place, hit }: Read): Promise<void> => {
      const folds = collapser !== undefined && collapser.folds(hit, scored);
      if (typeof folds === 'boolean' ? folds : await folds) return void folded.push(keyOf(hit, scored.label, byRow));
      const turn = letBy(budget, pause);
      if (turn !== undefined) await turn;
      if (foldsAll && !isAllowed(place)) return;
      if (rows.length >= k) more = true;
      else {
        rows.push({ scored, hit, lead: keyOf(hit, scored.label, byRow) });
        share.take(place);
        turns.take(hit);
      }
    };
    const offer = async (one: Read): Promise<void> => {
      const isOver = share.isOver(one.place);
      if (typeof isOver === 'boolean' ? isOver : await isOver) return void later.push(one);
      const isDue = turns.isDue(one.hit, rows.length);
      if (!(typeof isDue === 'boolean' ? isDue : await isDue)) {
        const why = turns.whyItWaits(one.hit);
        return void waiting.set(why, (waiting.get(why) ?? new Set()).add(one));
      }
      await take(one);
      for (
        let next = waiting.size === 0 ? undefined : await nextDue();
        next !== undefined && rows.length < k;
        next = await nextDue()
      ) {
        waiting.get(turns.whyItWaits(next.hit))!.delete(next);
        if (await share.isOver(next.place)) later.push(next);
        else await take(next);
      }
    };
    /** Of the first of those that wait for the same, the best whose turn has come. */
    const nextDue = async (): Promise<Read | undefined> => {
      let best: Read | undefined;
      for (const [why, some] of waiting) {
        const [first] = some;
        if (first === undefined) waiting.delete(why);
        else if (
          (best === undefined || byScore(first.scored, best.scored) < 0) &&
          (await turns.isDue(first.hit, rows.length))
        )
          best = first;
      }
      return best;
    };
    while ((at < ranked.length || later.length > 0 || waiting.size > 0) && !done()) {
      signal?.throwIfAborted();
      const open = await nextOnes();
      for (let from = 0; from < open.length && !done();) {
        if (collapser === undefined && rows.length >= k) {
          more = true;
          break;
        }
        const some: Chosen[] = [];
        const isLarge = k <= PLAIN_MAX && readBytesOf(budget) > PLAIN_BYTES;
        const most = Math.min(isLarge ? PACED_HITS : READ_AT_ONCE, foldsAll ? Infinity : Math.max(1, k - rows.length));
        for (; from < open.length && some.length < most; from++) {
          const isOver = share.isOver(open[from]!.place);
          ((typeof isOver === 'boolean' ? isOver : await isOver) ? later : some).push(open[from]!);
        }
        const paced = isLarge ? await parts.pace?.(PACED_MS) : undefined;
        const read = await reader
          .read(
            some.map(({ place }) => place),
            head,
            budget,
          )
          .finally(paced);
        for (const [i, hit] of read.entries()) if (hit !== undefined) await offer({ ...some[i]!, hit });
        const left =
          read.length < some.length || from < open.length || at < ranked.length || later.length > 0 || waiting.size > 0;
        if (left && isSpent(budget)) [more, cut] = [true, true];
      }
    }
    // It was small: those that are not make room for others like it.
    if (k <= PLAIN_MAX && readBytesOf(budget) <= PLAIN_BYTES) void parts.pace?.(0);
    // Rows that claimed too much took the places of candidates that were not gathered.
    crowded ||= rows.some(({ scored }) => scored.textCosine !== undefined);
    return { rows: collapser === undefined ? rows : collapser.settle(rows), folded, more, cut, crowded };
  }

  /** The block that was asked for by its id, as a hit. */
  async function pin(
    { pinned, queries }: Plan,
    shown: ReadonlySet<number>,
    { k }: SearchRequest,
    head: Head,
    budget: PageBudget,
  ): Promise<ChosenRow | undefined> {
    if (pinned === undefined || k === 0) return undefined;
    const hasRows = pinned.entry.rows > 0;
    const place = {
      label: hasRows ? pinned.firstLabel : -1,
      id: pinned.id,
      row: 0,
      seq: pinned.seq,
      author: pinned.entry.author,
    };
    const [hit] = pinned.erased === undefined ? await reader.read([place], head, budget) : [];
    if (hit === undefined) return undefined;
    const near =
      hasRows && pinned.entry.space !== undefined && queries.has(pinned.entry.space)
        ? { space: pinned.entry.space, cosine: 1 }
        : {};
    return {
      hit,
      lead: keyOf(hit, place.label, false),
      scored: { label: place.label, ...(hasRows ? {} : { id: pinned.id }), ...near, score: 1 },
      pinned: true,
    };
  }

  async function near(what: Pick<SearchRequest, 'text' | 'vector' | 'like'>, filter?: Filter): Promise<NearIn> {
    const { queries } = await planner.plan({
      ...what,
      k: 1,
      mode: 'vectors',
      spaces: 'same',
      ...(filter?.spaces === undefined ? {} : { filter: { spaces: filter.spaces } }),
    });
    const answers = await Promise.all(
      [...queries].map(async ([space, query]) => [space, (await parts.vectors.search(space, query, 1)).own] as const),
    );
    return { queries, own: new Map(answers.flatMap(([space, own]) => (own === undefined ? [] : [[space, own]]))) };
  }

  return Object.assign(search, {
    near,
    related: (id: BlockId, limit: number) => findRelated(id, limit, { parts, search }),
  });
}

/** A candidate that may be shown. */
interface Chosen {
  readonly scored: Scored;
  readonly place: Wanted;
}

/** One that was read. */
interface Read extends Chosen {
  readonly hit: HitRow;
}

interface ChosenRow {
  readonly scored: Scored;
  readonly hit: HitRow;
  readonly duplicates?: number;
  readonly pinned?: true;
  /** Key of the hit whose place this one took, when near-duplicates were folded. */
  readonly lead: number;
}

interface Page {
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

async function answer(
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
  const { seq: _, ...shown } = hit;
  const terms = plan.words === undefined ? undefined : cuts.termsOf(gathered);
  const cut = terms === undefined ? undefined : cuts.of(hit);
  const excerpt = cut === undefined ? undefined : excerptOf(hit.passage!, cut, terms!);
  const out: Writable<Hit> = { ...shown, score: scored.score };
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

/** Characters of passages that are cut into words for one answer; hits beyond have no excerpt. */
const CUT_CHARS = 1024 * 1024;

/** Passages by their words, each cut once in a search; only where a question in words was asked. */
class Cuts {
  private leftChars = CUT_CHARS;
  private readonly cuts = new Map<HitRow, CutText>();
  private terms: QuestionTerms | undefined;

  constructor(private readonly plan: Plan) {}

  of(hit: HitRow): CutText | undefined {
    if (this.plan.asked === undefined || hit.passage === undefined) return undefined;
    const known = this.cuts.get(hit);
    if (known !== undefined || this.leftChars <= 0) return known;
    this.leftChars -= hit.passage.length;
    const cut = cutText(hit.heading, hit.passage);
    this.cuts.set(hit, cut);
    return cut;
  }

  termsOf({ terms }: Gathered): QuestionTerms | undefined {
    if (this.plan.asked === undefined) return undefined;
    return (this.terms ??= terms === undefined ? equalTerms(this.plan.asked) : new Map(terms));
  }
}

function startOf(request: SearchRequest, head: Head): SearchCursor {
  if (request.after !== undefined) return readCursor(request.after, request);
  return { epoch: head.epoch, seq: Infinity, labels: Infinity, shown: [] };
}

/** Looks which rows carry a text, as far as a page's budget goes. */
async function learn(reader: HitReader, labels: readonly number[], head: Head): Promise<void> {
  if (labels.length === 0) return;
  const places = await reader.places(
    labels.map((label) => ({ label })),
    head,
  );
  await reader.read(
    places.filter((place) => place !== undefined),
    head,
    pageBudget(),
  );
}

function keyOf({ seq }: { readonly seq: number }, label: number, byRow: boolean): number {
  return byRow && label >= 0 ? 2 * label : 2 * seq + 1;
}
