import { toHex } from '../bytes.js';
import { cidOf, DAG_CBOR, type Value, type ValueMap } from '../codec/index.js';
import { sha256 } from '../crypto/index.js';
import { CosmicError } from '../errors.js';
import { utf8 } from '../bytes.js';
import { createRegistry, type Plugin, type Registry } from '../kinds/index.js';
import { createMemoryKeyed } from '../memory/keyed.js';
import {
  afterPrefix,
  askView,
  coneCursor,
  createAnswerCache,
  encodeTuple,
  fallenIn,
  planCones,
  questionOf,
  space,
  takeBatch,
  type AnswerCache,
  type ConePlan,
  type KeyedStore,
  type Params,
} from '../views/index.js';
import type { BlockId } from '../block/types.js';
import { mutateValue, pick, randomOf, type Random } from './mutate.js';
import { naiveCone } from './naive-views.js';
import type { SuiteRunner } from './index-suite.js';
import { createViewWorld, type ViewWorld, type WorldBlock } from './view-world.js';

export interface PluginQuestion {
  readonly view: string;
  readonly question: string;
  readonly params: Params;
}

export interface PluginScenario {
  /** Blocks whose ids are `blockId(name)`, those with bodies whole. Each at most once. */
  readonly blocks: readonly WorldBlock[];
  readonly questions: readonly PluginQuestion[];
}

export interface PluginSubject {
  /** The plug-in under test last; before it those whose views it reads. */
  readonly plugins: readonly Plugin[];
  /** Some blocks and what to ask about them; all chance comes from `random`. */
  scenario(random: Random): PluginScenario;
  readonly rounds?: number;
  /** Default: in memory. */
  openStore?(): KeyedStore;
}

/** An id for tests, by any name. */
export function blockId(name: string): BlockId {
  return cidOf(DAG_CBOR, sha256(utf8(name))).text;
}

/**
 * What every plug-in's views must do on every node: give answers that depend on the set of blocks alone, whatever the
 * order, doubles, bodies that come late or go, rebuilding, upgrading; keep to budgets; survive what enemies publish; look
 * at no clock, chance or locale. Each answer is compared with an evaluation of all blocks from the definitions.
 */
export function pluginSuite({ describe, test }: SuiteRunner, subject: PluginSubject): void {
  const own = subject.plugins.at(-1)!;
  const registry = createRegistry(subject.plugins);
  const names = new Set(own.views.map(({ name }) => name));
  const cones = planCones(registry).filter(({ views }) => views.some(({ name }) => names.has(name)));
  const rounds = subject.rounds ?? 25;
  const each = (body: (scenario: PluginScenario, random: Random) => void) => (): Promise<void> => {
    for (let seed = 1; seed <= rounds; seed++) {
      const random = randomOf(seed);
      try {
        withoutSurroundings(() => body(subject.scenario(random), random));
      } catch (error) {
        throw new Error(`seed ${seed}: ${(error as Error).message}`, { cause: error });
      }
    }
    return Promise.resolve();
  };
  const openStore = subject.openStore ?? createMemoryKeyed;

  describe(`plug-in: ${own.name}`, () => {
    test(
      'answers as an evaluation of all blocks does, whatever the order of arrival',
      each(({ blocks, questions }, random) => {
        for (let i = 0; i < 3; i++) {
          const node = createNode(registry, cones, openStore);
          for (const block of shuffled(blocks, random)) node.world.put(block);
          node.follow(random);
          node.compare(blocks, questions);
        }
      }),
    );

    test(
      'counts doubles once, takes bodies that come after their headers, and lets go of those that are erased',
      each(({ blocks, questions }, random) => {
        const node = createNode(registry, cones, openStore);
        const steps = shuffled([...blocks, ...blocks, ...blocks], random);
        steps.forEach((block, i) => {
          const chance = random(10);
          if (chance < 3) node.world.put(block, true);
          else if (chance < 9) node.world.put(block);
          else node.erase(block.id);
          if (random(4) === 0) node.follow(random);
          if (i % 17 === 0) node.again();
        });
        node.follow(random);
        node.compare(blocks, questions);
      }),
    );

    test(
      'rows that are built anew, in one go or many, are the same rows',
      each(({ blocks }, random) => {
        const node = createNode(registry, cones, openStore);
        for (const block of shuffled(blocks, random)) {
          node.world.put(block, random(3) === 0);
          if (random(8) === 0) node.erase(block.id);
          if (random(3) === 0) node.follow(random);
        }
        node.follow(random);
        const rebuilt = createNode(registry, cones, openStore, node.world);
        rebuilt.follow(() => 1_000_000);
        equal(rebuilt.rows(), node.rows(), 'rows');
      }),
    );

    test(
      'answers that are remembered are those that would be given anew',
      each(({ blocks, questions }, random) => {
        const node = createNode(registry, cones, openStore);
        for (const block of shuffled(blocks, random)) {
          node.world.put(block, random(4) === 0);
          if (random(9) === 0) node.erase(block.id);
          node.follow(random);
          if (random(3) !== 0) continue;
          const some = [pick(random, questions), pick(random, questions)];
          equal(node.answers(some, true), node.answers(some, false), 'remembered answers');
        }
      }),
    );

    test(
      'a new version of a view is another state, with the same answers',
      each(({ blocks, questions }, random) => {
        const newer = subject.plugins.map((plugin) => ({ ...plugin, views: plugin.views.map(raised) }));
        const registryAfter = createRegistry(newer);
        const conesAfter = planCones(registryAfter).filter(({ name }) => cones.some((cone) => cone.name === name));
        conesAfter.forEach(({ fingerprint }, i) => {
          if (fingerprint === cones[i]!.fingerprint) throw new Error('the fingerprint does not tell versions apart');
        });
        const node = createNode(registryAfter, conesAfter, openStore);
        for (const block of shuffled(blocks, random)) node.world.put(block);
        node.follow(random);
        node.compare(blocks, questions);
      }),
    );

    test(
      'keeps to any budget: an answer, or view.too_costly',
      each(({ blocks, questions }, random) => {
        const node = createNode(registry, cones, openStore);
        for (const block of blocks) node.world.put(block);
        node.follow(random);
        for (const question of questions) {
          const whole = node.answers([question], false);
          for (const budget of [0, 1, 5, 50]) {
            const got = node.answers([question], false, budget);
            if (got !== whole && !got.includes('view.too_costly'))
              throw new Error(`budget ${budget}: ${got.slice(0, 300)}`);
          }
        }
      }),
    );

    test(
      'survives what enemies publish, and still answers as an evaluation of all blocks does',
      each((scenario, random) => {
        const hostile = scenario.blocks.map((block, i) => spoilt(block, i, scenario.blocks, random));
        const blocks = [...scenario.blocks, ...hostile];
        const node = createNode(registry, cones, openStore);
        for (const block of shuffled(blocks, random)) node.world.put(block, random(5) === 0);
        for (const block of blocks) node.world.put(block);
        node.follow(random);
        node.compare(blocks, scenario.questions);
      }),
    );

    test(
      'a state without blocks answers, and answers are of the declared form',
      each((scenario, random) => {
        const node = createNode(registry, cones, openStore);
        node.follow(random);
        node.checkForms(scenario.questions);
        for (const block of scenario.blocks) node.world.put(block);
        node.follow(random);
        node.checkForms(scenario.questions);
      }),
    );
  });
}

/** A node's views over a world, fed in batches of any size. */
function createNode(registry: Registry, cones: readonly ConePlan[], openStore: () => KeyedStore, known?: ViewWorld) {
  const world = known ?? createViewWorld(registry);
  const erased = new Set<BlockId>();
  const states = cones.map((plan) => ({ plan, store: openStore(), cache: createAnswerCache() }));
  const ask = (
    { view, question, params }: PluginQuestion,
    cone: { plan: ConePlan; store: KeyedStore; world: ViewWorld },
    cache?: AnswerCache,
    budget?: number,
  ): string => {
    try {
      const { result, missing, local } = askView(cone, view, question, params, {
        ...(cache === undefined ? {} : { cache }),
        ...(budget === undefined ? {} : { budget }),
      });
      return JSON.stringify({ view, question, params, result, missing, local });
    } catch (error) {
      if (!(error instanceof CosmicError) || error.code === 'view.failed') throw error;
      return JSON.stringify({ view, question, params, code: error.code });
    }
  };
  const stateOf = (view: string): (typeof states)[number] => {
    const found = states.find(({ plan }) => plan.views.some(({ name }) => name === view));
    if (found === undefined) throw new Error(`no view ${view} in this plug-in or in what it reads`);
    return found;
  };
  const node = {
    world,
    erase(id: BlockId): void {
      if (world.block(id, world.head) !== undefined) erased.add(id);
      world.erase(id);
    },
    follow(random: Random): void {
      for (const { plan, store } of states) {
        do {
          const from = coneCursor(store)?.seq ?? 0;
          const to = Math.min(world.head, from + 1 + random(9));
          takeBatch(plan, store, world, world.items(from, to), { epoch: 'suite', seq: to });
        } while (coneCursor(store)!.seq < world.head);
      }
    },
    /** The last batch comes once more. */
    again(): void {
      for (const { plan, store } of states) {
        const seq = coneCursor(store)?.seq ?? 0;
        takeBatch(plan, store, world, world.items(Math.max(0, seq - 3), seq), { epoch: 'suite', seq });
      }
    },
    answers: (questions: readonly PluginQuestion[], remembered: boolean, budget?: number): string =>
      questions
        .map((question) => {
          const { plan, store, cache } = stateOf(question.view);
          return ask(question, { plan, store, world }, remembered ? cache : undefined, budget);
        })
        .join('\n'),
    compare(blocks: readonly WorldBlock[], questions: readonly PluginQuestion[]): void {
      for (const { plan, store } of states) {
        const there = blocks.filter(({ id }) => world.block(id, world.head) !== undefined);
        const hasBody = (id: BlockId): boolean => world.body(id, world.head) !== undefined;
        const naive = naiveCone(plan, registry, there, hasBody, world, world.head);
        equal(dump(store, [space.rows]), dump(naive.store, [space.rows]), `rows of ${plan.name}`);
        equal([...new Set(fallenIn(store))].sort().join('\n'), naive.fallen().join('\n'), `fallen of ${plan.name}`);
        for (const question of questions)
          if (stateOf(question.view).plan === plan)
            equal(ask(question, { plan, store, world }), ask(question, { ...naive, world }), 'answers');
      }
    },
    rows: (): string => states.map(({ store }) => dump(store, [space.rows, space.fallen])).join('\n'),
    checkForms(questions: readonly PluginQuestion[]): void {
      for (const { view, question: name, params } of questions) {
        const { plan, store } = stateOf(view);
        const { question } = questionOf(plan.views, view, name);
        const { result } = askView({ plan, store, world }, view, name, params);
        const fault = question.answer(result as Value, 'answer');
        if (fault !== undefined) throw new Error(`${view}/${name}: ${fault}`);
      }
    },
  };
  return node;
}

/** The rows of a store as text, to be compared. */
function dump(store: KeyedStore, parts: readonly number[]): string {
  return parts
    .flatMap((part) => {
      const prefix = encodeTuple([part]);
      return store.range(prefix, afterPrefix(prefix), Infinity).map(([key, value]) => `${toHex(key)} ${toHex(value)}`);
    })
    .join('\n');
}

/** A block like this one whose body, refs or key are not what the plug-in expects. */
function spoilt(block: WorldBlock, i: number, all: readonly WorldBlock[], random: Random): WorldBlock {
  const target = pick(random, all).id;
  const refs = [
    ...block.refs,
    ...Array.from({ length: random(14) }, () => ({
      rel: pick(random, [...block.refs.map(({ rel }) => rel), 'x']),
      id: target,
    })),
  ];
  return {
    ...block,
    id: blockId(`hostile ${i} ${random(1_000_000)}`),
    refs: random(2) === 0 ? refs : block.refs,
    ...(random(6) === 0 ? { prev: target } : {}),
    ...(block.fields === undefined ? {} : { fields: spoiltFields(block.fields, random) }),
  };
}

function spoiltFields(fields: ValueMap, random: Random): ValueMap {
  const value = mutateValue(fields, random);
  const isMap =
    typeof value === 'object' &&
    value !== null &&
    !Array.isArray(value) &&
    Object.getPrototypeOf(value) === Object.prototype;
  return isMap ? (value as ValueMap) : fields;
}

function raised<V extends { readonly version: number; readonly reads?: readonly string[] }>(view: V): V {
  return {
    ...view,
    version: view.version + 1,
    ...(view.reads === undefined
      ? {}
      : {
          reads: view.reads.map((read) => read.replace(/@(\d+)$/, (_, version: string) => `@${Number(version) + 1}`)),
        }),
  };
}

/** Runs `work` while clock, chance and locale throw: what views and kinds look at would differ between nodes. */
function withoutSurroundings(work: () => void): void {
  const globals = globalThis as unknown as { Date: unknown; Intl: unknown };
  const [date, intl, chance] = [globals.Date, globals.Intl, Math.random];
  const texts = String.prototype as { localeCompare: unknown; toLocaleLowerCase: unknown; toLocaleUpperCase: unknown };
  const { localeCompare, toLocaleLowerCase, toLocaleUpperCase } = texts;
  const taken = (name: string) => (): never => {
    throw new Error(`${name} was taken away: it differs between nodes`);
  };
  const trap = (name: string): unknown =>
    new Proxy(taken(name), { get: taken(name), construct: taken(name), apply: taken(name) });
  try {
    globals.Date = trap('Date');
    globals.Intl = trap('Intl');
    Math.random = taken('Math.random');
    for (const name of ['localeCompare', 'toLocaleLowerCase', 'toLocaleUpperCase'] as const) texts[name] = taken(name);
    work();
  } finally {
    globals.Date = date;
    globals.Intl = intl;
    Math.random = chance;
    Object.assign(texts, { localeCompare, toLocaleLowerCase, toLocaleUpperCase });
  }
}

function shuffled<T>(items: readonly T[], random: Random): T[] {
  const list = [...items];
  for (let i = list.length - 1; i > 0; i--) {
    const j = random(i + 1);
    [list[i], list[j]] = [list[j]!, list[i]!];
  }
  return list;
}

function equal(got: string, expected: string, what: string): void {
  if (got === expected) return;
  const [gotLines, expectedLines] = [got.split('\n'), expected.split('\n')];
  const line = gotLines.findIndex((text, i) => text !== expectedLines[i]);
  throw new Error(
    `${what}, line ${line}: expected ${expectedLines[line] ?? 'no more'}, got ${gotLines[line] ?? 'no more'}`,
  );
}
