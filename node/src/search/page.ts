import type { Head, Registry, SearchRequest } from '@cosmicembeddings/sdk';
import { keyOf, type ChosenRow, type Page } from './answer.js';
import { AuthorShare } from './author-share.js';
import { isSpent, letBy, pageBudget, readBytesOf, type PageBudget } from './budget.js';
import { Collapser } from './collapse.js';
import type { SearchCursor } from './cursor.js';
import type { Cuts } from './cuts.js';
import { coverageOf } from './excerpt.js';
import { byScore, type Scored } from './fusion.js';
import type { Gathered } from './gather.js';
import type { HitReader, HitRow, Wanted } from './hit-reader.js';
import type { SearchParts } from './parts.js';
import type { Plan } from './plan.js';
import type { SilentShare } from './silent-share.js';
import { isEcho, Turns } from './turns.js';

/** Rows asked for beyond what a page needs, for those that fall to hiding, caps and sibling rows. */
export const SPARE = 8;
/** Hits whose texts are read at a time. */
const READ_AT_ONCE = 64;
/** A larger page had its turn before it began (node/src/http/cost.ts). */
const PLAIN_MAX = 100;
/** A small page that reads more than this of large blocks waits for others that do, too. */
const PLAIN_BYTES = 8 * 1024 * 1024;
/** About what reading goes on for then, before it waits again. */
const PACED_MS = 20;
const PACED_HITS = 4;
/** Places that are looked up at a time; about what each holds the event loop for. */
const PLACES_AT_ONCE = 256;
const PER_PLACE_MS = 0.01;

/** A candidate that may be shown. */
interface Chosen {
  readonly scored: Scored;
  readonly place: Wanted;
}

/** One that was read. */
interface Read extends Chosen {
  readonly hit: HitRow;
}

export interface PagesParts {
  readonly parts: Pick<SearchParts, 'store' | 'catalogue' | 'isHidden' | 'pace'>;
  readonly registry: Registry;
  readonly reader: HitReader;
  readonly silent: SilentShare;
  /** Resolves in a later turn of the event loop. */
  readonly pause: () => Promise<void>;
}

export interface Pages {
  choose(
    request: SearchRequest,
    plan: Plan,
    gathered: Gathered,
    cursor: SearchCursor,
    head: Head,
    cuts: Cuts,
    signal?: AbortSignal,
  ): Promise<Page>;
}

/** Puts pages together: who is shown, in which place, and who waits for others. */
export function createPages({ parts, registry, reader, silent, pause }: PagesParts): Pages {
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

  return { choose };
}
