import type { FoldInput, Reads, View } from '../kinds/kind.js';
import type { SuiteRunner } from './index-suite.js';

export interface Question {
  readonly view: string;
  readonly query: string;
  readonly params: Readonly<Record<string, string>>;
}

export interface ViewScenario {
  readonly inputs: readonly FoldInput[];
  readonly questions: readonly Question[];
}

export interface ViewSubject {
  readonly name: string;
  /** The view and those that it reads, each after what it reads. */
  readonly views: readonly View[];
  /** Some blocks and what to ask about them; all chance comes from `random`, in [0, 1). */
  scenario(random: () => number): ViewScenario;
  readonly rounds?: number;
}

/** What every view must do: answer the same whatever the order of arrival, count nothing twice, survive being saved, touch no input. */
export function viewSuite({ describe, test }: SuiteRunner, subject: ViewSubject): void {
  const rounds = subject.rounds ?? 60;
  const each = (body: (scenario: ViewScenario, random: () => number) => void) => (): Promise<void> => {
    for (let seed = 1; seed <= rounds; seed++) {
      const random = chance(seed);
      try {
        body(subject.scenario(random), random);
      } catch (error) {
        throw new Error(`seed ${seed}: ${(error as Error).message}`, { cause: error });
      }
    }
    return Promise.resolve();
  };

  describe(`view: ${subject.name}`, () => {
    test(
      'the order of arrival does not matter',
      each(({ inputs, questions }, random) => {
        const expected = answers(subject.views, inputs, questions);
        for (let i = 0; i < 4; i++) equal(answers(subject.views, shuffled(inputs, random), questions), expected);
        equal(answers(subject.views, [...inputs].reverse(), questions), expected);
      }),
    );

    test(
      'a block that comes again counts once, also when its header came first',
      each(({ inputs, questions }, random) => {
        const expected = answers(subject.views, inputs, questions);
        const bare = inputs.map((input) => ({
          ...input,
          block: { ...input.block, body: undefined, links: [], tags: [] },
        }));
        equal(answers(subject.views, [...inputs, ...shuffled(inputs, random)], questions), expected);
        equal(answers(subject.views, [...bare, ...inputs], questions), expected);
      }),
    );

    test(
      'a state that was saved and read goes on as before',
      each(({ inputs, questions }, random) => {
        const expected = answers(subject.views, inputs, questions);
        const cut = Math.floor(random() * inputs.length);
        const saved = structuredClone(fold(subject.views, inputs.slice(0, cut)));
        equal(ask(subject.views, fold(subject.views, inputs.slice(cut), saved), questions), expected);
      }),
    );

    test(
      'inputs are only read',
      each(({ inputs }) => {
        const before = JSON.stringify(inputs);
        fold(subject.views, inputs);
        equal(JSON.stringify(inputs), before);
      }),
    );

    test('an empty state answers', () => {
      const { questions } = subject.scenario(chance(1));
      ask(subject.views, fold(subject.views, []), questions);
      return Promise.resolve();
    });
  });
}

/** Folds inputs into fresh states, or into those given: by view name. */
export function fold(
  views: readonly View[],
  inputs: readonly FoldInput[],
  states: Record<string, unknown> = {},
): Record<string, unknown> {
  for (const view of views) states[view.name] ??= view.empty();
  for (const input of inputs) {
    for (const view of views) {
      if (view.kinds.includes('*') || view.kinds.includes(input.block.kind))
        states[view.name] = view.apply(states[view.name], input, readsOf(view, states));
    }
  }
  return states;
}

/** One query of one view over folded states. @throws as the query does */
export function askView(
  views: readonly View[],
  states: Readonly<Record<string, unknown>>,
  { view: name, query, params }: Question,
): unknown {
  const view = views.find((one) => one.name === name);
  const answer = view?.queries?.[query];
  if (view === undefined || answer === undefined) throw new Error(`no query ${name}/${query}`);
  return answer(states[name], params, readsOf(view, states));
}

function readsOf(view: View, states: Readonly<Record<string, unknown>>): Reads {
  return Object.fromEntries((view.reads ?? []).map((name) => [name, states[name]]));
}

function ask(
  views: readonly View[],
  states: Readonly<Record<string, unknown>>,
  questions: readonly Question[],
): string {
  return JSON.stringify(
    questions.map((question) => [question, askView(views, states, question)]),
    undefined,
    1,
  );
}

function answers(views: readonly View[], inputs: readonly FoldInput[], questions: readonly Question[]): string {
  return ask(views, fold(views, inputs), questions);
}

/** Small repeatable generator (mulberry32). */
function chance(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

function shuffled<T>(items: readonly T[], random: () => number): T[] {
  const list = [...items];
  for (let i = list.length - 1; i > 0; i--) {
    const j = Math.floor(random() * (i + 1));
    [list[i], list[j]] = [list[j]!, list[i]!];
  }
  return list;
}

function equal(got: string, expected: string): void {
  if (got === expected) return;
  const gotLines = got.split('\n');
  const expectedLines = expected.split('\n');
  const line = gotLines.findIndex((text, i) => text !== expectedLines[i]);
  throw new Error(
    `line ${line}: expected ${expectedLines.slice(line, line + 3).join(' ')}, got ${gotLines.slice(line, line + 3).join(' ')}`,
  );
}
