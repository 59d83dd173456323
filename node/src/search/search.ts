import {
  corePlugins,
  createRegistry,
  spaceLabel,
  type BlockId,
  type Filter,
  type Head,
  type SearchAnswer,
  type SearchRequest,
} from '@cosmicembeddings/sdk';
import { answerOf, type Page } from './answer.js';
import { pageBudget } from './budget.js';
import { whyEmpty } from './empty-filter.js';
import { readCursor, type SearchCursor } from './cursor.js';
import { Cuts } from './cuts.js';
import { FilterBits, type Allowed } from './filter-bits.js';
import { Gatherer, rank, type Gathered } from './gather.js';
import { HitReader } from './hit-reader.js';
import { createPages, SPARE } from './page.js';
import type { SearchParts } from './parts.js';
import { Planner, type Plan } from './plan.js';
import type { NearIn } from './watch/watches.js';
import { lookMs, TextVectors } from './text-vectors.js';
import { findRelated, type Related } from './related.js';
import { SilentShare } from './silent-share.js';
import { createPauses } from '../turns.js';

export interface Search {
  /** @throws CosmicError search.bad_query, search.no_embedder, space.unknown, space.dims_mismatch, block.not_found */
  (request: SearchRequest, signal?: AbortSignal): Promise<SearchAnswer>;
  /** Vectors of what stands to be near, in spaces that are here, and those spaces' backgrounds. @throws as a search does */
  near(near: Pick<SearchRequest, 'text' | 'vector' | 'like'>, filter?: Filter): Promise<NearIn>;
  /** Blocks that are linked with one, and blocks near it, each with the reason. @throws CosmicError block.not_found */
  related(id: BlockId, limit: number): Promise<Related>;
}

const CACHE_BYTES = 32 * 1024 * 1024;
/** Candidates of a hybrid search from either side: a block that is tenth by both is seldom found at depth ten. */
const HYBRID_MIN = 60;
/** First candidates that are compared with their texts, and how often those are looked at that moved up. */
const TEXTS_MAX = 64;
const TEXT_ROUNDS = 8;
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

  const pages = createPages({ parts, registry, reader, silent, pause });

  async function search(request: SearchRequest, signal?: AbortSignal): Promise<SearchAnswer> {
    signal?.throwIfAborted();
    parts.onAsked?.();
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
      const page = await pages.choose(request, plan, gathered, cursor, head, cuts, signal);
      if (isHiding && (await isOutdated(page))) {
        allowed = await allow();
        continue;
      }
      const isAll = page.cut || gathered.complete || depth > head.labels + head.count;
      if (isAll || (page.rows.length >= request.k && !(page.crowded && depth < OTHERS_DEPTH))) {
        if (page.rows.length === 0 && request.k > 0) notes.push(...(await whyEmpty(request.filter, parts.catalogue)));
        notes.push(...(await doubtsOf(page)));
        return answerOf(request, plan, gathered, page, cursor, head, notes, cuts, pause);
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
