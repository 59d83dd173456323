import {
  corePlugins,
  createRegistry,
  type BlockId,
  type Head,
  type Hit,
  type SearchAnswer,
  type SearchRequest,
} from '@cosmicembeddings/sdk';
import { bitsOf } from './bits.js';
import { Collapser } from './collapse.js';
import { readCursor, shownMax, writeCursor, type SearchCursor } from './cursor.js';
import { explain } from './explain.js';
import { FilterBits, type Allowed } from './filter-bits.js';
import type { Scored } from './fusion.js';
import { Gatherer, type Gathered } from './gather.js';
import { HitReader, type HitRow } from './hit-reader.js';
import type { SearchParts } from './parts.js';
import { Planner, type Plan } from './plan.js';
import { findRelated, type Related } from './related.js';

export interface Search {
  /** @throws CosmicError search.bad_query, search.no_embedder, space.unknown, space.dims_mismatch, block.not_found */
  (request: SearchRequest, signal?: AbortSignal): Promise<SearchAnswer>;
  /** Blocks that are linked with one, and blocks near it, each with the reason. @throws CosmicError block.not_found */
  related(id: BlockId, limit: number): Promise<Related>;
}

const CACHE_BYTES = 32 * 1024 * 1024;
/** Rows asked for beyond what a page needs, for those that fall to hiding, caps and sibling rows. */
const SPARE = 8;
/** Candidates of a hybrid search from either side: a block that is tenth by both is seldom found at depth ten. */
const HYBRID_MIN = 60;
/** Phrases are looked up in at most so many passages. */
const PHRASE_MAX = 10_000;

/** The question that a node answers: what is near this? Depends on ports alone. */
export function createSearch(parts: SearchParts): Search {
  const registry = parts.registry ?? createRegistry(corePlugins);
  const planner = new Planner(parts, registry);
  const filters = new FilterBits(parts.catalogue);
  const reader = new HitReader({
    store: parts.store,
    catalogue: parts.catalogue,
    registry,
    maxBytes: parts.cacheMaxBytes ?? CACHE_BYTES,
    ...(parts.erasures === undefined ? {} : { erasures: parts.erasures }),
  });
  const gatherer = new Gatherer(parts, async (labels, head) => {
    const unknown = labels.filter((label) => reader.carriesText(label) === undefined);
    if (unknown.length > 0) await reader.read(unknown, head);
    return labels.map((label) => reader.carriesText(label) ?? true);
  });

  async function search(request: SearchRequest, signal?: AbortSignal): Promise<SearchAnswer> {
    signal?.throwIfAborted();
    const head = await parts.store.head();
    const plan = await planner.plan(request, signal);
    const cursor = startOf(request, head);
    const notes = [...plan.notes];
    if (request.after !== undefined && cursor.epoch !== head.epoch)
      notes.push('the store was rebuilt since the page before: blocks may repeat');
    const allowed = await narrow(
      plan,
      await filters.allowed(request.filter, request.hidden === 'show' ? undefined : parts.hidden(), head),
      parts,
      notes,
    );
    const hybrid = plan.words !== undefined && plan.queries.size > 0;
    let depth = Math.max(
      cursor.shown.length + (request.collapse === true ? 3 : 1) * request.k + SPARE,
      hybrid ? HYBRID_MIN : 0,
    );
    for (;;) {
      // k = 0 asks whether the question is good and how far the index reaches.
      const gathered = await gatherer.gather(plan, allowed, head, request.k === 0 ? 1 : depth, signal);
      const page = await choose(request, plan, gathered, cursor, head, signal);
      if (page.rows.length >= request.k || gathered.complete || depth > head.labels + head.count)
        return answer(request, plan, gathered, page, cursor, head, notes);
      depth *= 4;
    }
  }

  /** Walks the ranking and takes what the request wants to see, `k` of it and a look at whether there is more. */
  async function choose(
    request: SearchRequest,
    plan: Plan,
    gathered: Gathered,
    cursor: SearchCursor,
    head: Head,
    signal?: AbortSignal,
  ): Promise<Page> {
    const { k, minCosine, perAuthor } = request;
    const byRow = request.rows === 'all';
    const shown = new Set(cursor.shown);
    const seen = new Set<string>();
    const authors = new Map<string, number>();
    const collapser = request.collapse === true ? new Collapser(parts.store, registry) : undefined;
    const rows: ChosenRow[] = [];
    const pinned = await pin(plan, shown, request, head);
    if (pinned !== undefined) {
      seen.add(pinned.hit.id);
      if (!shown.has(keyOf(pinned.hit, pinned.scored.label, byRow))) rows.push(pinned);
    }
    let more = false;
    const { ranked } = gathered;
    // Nearly always the first ones are shown, and one more says that there is more.
    let chunk = k + 1;
    // Duplicates are counted as far as was looked.
    const done = (): boolean => more && collapser === undefined;
    for (let at = 0; at < ranked.length && !done();) {
      signal?.throwIfAborted();
      const part = ranked.slice(at, at + chunk);
      at += chunk;
      chunk = k + SPARE;
      const read = await readRows(part, head);
      for (let i = 0; i < part.length && !done(); i++) {
        const scored = part[i]!;
        const hit = read[i];
        if (hit === undefined || hit.id === plan.exclude || (hit.id === plan.pinned?.id && !byRow)) continue;
        if (scored.label >= cursor.labels || hit.seq > cursor.seq) continue;
        if (minCosine !== undefined && !((scored.cosine ?? -2) - (scored.demotion ?? 0) >= minCosine)) continue;
        if (!byRow && seen.has(hit.id)) continue;
        seen.add(hit.id);
        if (collapser !== undefined && (await collapser.folds(hit, scored))) continue;
        const ofAuthor = (authors.get(hit.author) ?? 0) + 1;
        authors.set(hit.author, ofAuthor);
        if (perAuthor !== undefined && ofAuthor > perAuthor) continue;
        if (shown.has(keyOf(hit, scored.label, byRow))) continue;
        if (rows.length >= k) more = true;
        else rows.push({ scored, hit, lead: keyOf(hit, scored.label, byRow) });
      }
    }
    return { rows: collapser === undefined ? rows : collapser.settle(rows), more };
  }

  async function readRows(part: readonly Scored[], head: Head): Promise<(HitRow | undefined)[]> {
    const labels = part.flatMap(({ label }) => (label < 0 ? [] : [label]));
    const ids = part.flatMap(({ label, id }) => (label < 0 ? [id!] : []));
    const [rows, bare] = await Promise.all([reader.read(labels, head), ids.length === 0 ? [] : reader.readBlocks(ids)]);
    let [r, b] = [0, 0];
    return part.map(({ label }) => (label < 0 ? bare[b++] : rows[r++]));
  }

  /** The block that was asked for by its id, as a hit. */
  async function pin(
    { pinned, queries }: Plan,
    shown: ReadonlySet<number>,
    { k }: SearchRequest,
    head: Head,
  ): Promise<ChosenRow | undefined> {
    if (pinned === undefined || k === 0) return undefined;
    const hasRows = pinned.entry.rows > 0;
    const [hit] = hasRows ? await reader.read([pinned.firstLabel], head) : await reader.readBlocks([pinned.id]);
    if (hit === undefined) return undefined;
    const near =
      hasRows && pinned.entry.space !== undefined && queries.has(pinned.entry.space)
        ? { space: pinned.entry.space, cosine: 1 }
        : {};
    const label = hasRows ? pinned.firstLabel : -1;
    return {
      hit,
      lead: keyOf(hit, label, false),
      scored: { label, ...(hasRows ? {} : { id: pinned.id }), ...near, score: 1 },
      pinned: true,
    };
  }

  return Object.assign(search, { related: (id: BlockId, limit: number) => findRelated(id, limit, { parts, search }) });
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
  /** Is at least one more hit known to exist? */
  readonly more: boolean;
}

function answer(
  request: SearchRequest,
  plan: Plan,
  gathered: Gathered,
  { rows, more }: Page,
  cursor: SearchCursor,
  head: Head,
  notes: string[],
): SearchAnswer {
  const byRow = request.rows === 'all';
  const exhausted = !more && gathered.complete;
  const shown = [
    ...new Set([...cursor.shown, ...rows.flatMap(({ hit, scored, lead }) => [lead, keyOf(hit, scored.label, byRow)])]),
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
  if (gathered.indexedTo.seq < head.seq)
    notes.push(`indexed up to ${gathered.indexedTo.seq} of ${head.seq}: later blocks may be missing`);
  return {
    hits: rows.map((row) => hitOf(row, request, plan, gathered)),
    requested: request.k,
    returned: rows.length,
    exhausted,
    indexedTo: gathered.indexedTo,
    head: { epoch: head.epoch, seq: head.seq },
    queries: [...plan.queries].map(([space, vector]) => ({ space, vector: Array.from(vector) })),
    ...(next === undefined ? {} : { next }),
    ...(notes.length === 0 ? {} : { notes }),
  };
}

function hitOf(
  { scored, hit, duplicates, pinned }: ChosenRow,
  request: SearchRequest,
  plan: Plan,
  gathered: Gathered,
): Hit {
  const { seq: _, ...shown } = hit;
  return {
    ...shown,
    ...(scored.cosine === undefined ? {} : { cosine: scored.cosine }),
    score: scored.score,
    ...(duplicates === undefined ? {} : { duplicates }),
    ...(request.explain === true
      ? { explain: pinned === true ? { asked: 'by its id' } : explain(scored, gathered.scales, plan) }
      : {}),
  };
}

function startOf(request: SearchRequest, head: Head): SearchCursor {
  if (request.after !== undefined) return readCursor(request.after, request);
  return { epoch: head.epoch, seq: Infinity, labels: Infinity, shown: [] };
}

/** Quoted phrases must hold, so only what holds them is allowed. */
async function narrow(plan: Plan, allowed: Allowed, parts: SearchParts, notes: string[]): Promise<Allowed> {
  if (plan.phrases === undefined) return allowed;
  const found = await parts.text.search(plan.phrases, PHRASE_MAX, allowed.labels);
  const bare =
    allowed.labels === undefined
      ? found
      : [
          ...found,
          ...(allowed.rowless === undefined || allowed.rowless.size === 0
            ? []
            : await parts.text.search(plan.phrases, PHRASE_MAX)),
        ];
  if (found.length === PHRASE_MAX)
    notes.push(`${plan.phrases} stands in more than ${PHRASE_MAX} passages: the best of them were searched`);
  return {
    ...allowed,
    labels: bitsOf(found.map(({ label }) => label)),
    rowless: new Set(
      bare.flatMap(({ label, id }) =>
        label < 0 && (allowed.rowless === undefined || allowed.rowless.has(id)) ? [id] : [],
      ),
    ),
  };
}

function keyOf({ seq }: HitRow, label: number, byRow: boolean): number {
  return byRow && label >= 0 ? 2 * label : 2 * seq + 1;
}
