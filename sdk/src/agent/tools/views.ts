import { toHex } from '../../bytes.js';
import { CosmicError } from '../../errors.js';
import type { PluginInfo, QuestionInfo } from '../../api/plugin-info.js';
import type { JsonSchema } from '../../schema/index.js';
import type { ViewAnswer } from '../../views/index.js';
import { object, text } from './schemas.js';
import type { Tool, ToolAnswer } from './tool.js';
import { ANSWER_MAX, between, untrusted, UNTRUSTED_NOTE } from './untrusted.js';

/** A question to a view; `who`: whose turn it takes, where several ask. @throws CosmicError as `NodeApi.view` */
export type Ask = (
  view: string,
  question: string,
  params: Readonly<Record<string, unknown>>,
  who?: string,
) => Promise<ViewAnswer>;

/** Tools of their own; of more questions than that, all are asked through one. */
const TOOLS_MAX = 32;
const NAME = /^[a-z0-9_]{1,48}$/;
const STRING_MAX = 2000;

interface Named {
  readonly view: string;
  readonly question: QuestionInfo;
}

/** Every view's questions as tools with the view's own schemas; where they are many, a list of them and one tool that asks. */
export function viewTools(
  plugins: readonly PluginInfo[],
  ask: Ask,
  randomBytes: (length: number) => Uint8Array,
): Tool[] {
  const all = plugins.flatMap(({ views }) =>
    views.flatMap(({ name, questions }) => questions.map((question): Named => ({ view: name, question }))),
  );
  const say = (answer: ViewAnswer): ToolAnswer => said(answer, toHex(randomBytes(8)));
  const tools = all.map((one) => questionTool(one, ask, say));
  const isPlain = all.length <= TOOLS_MAX && tools.every(({ name }) => NAME.test(name));
  if (isPlain && new Set(tools.map(({ name }) => name)).size === tools.length) return tools;
  return [listTool(all), askTool(all, ask, say)];
}

const reading = { readOnly: true, destructive: false, idempotent: true } as const;

function questionTool({ view, question }: Named, ask: Ask, say: (answer: ViewAnswer) => ToolAnswer): Tool {
  return {
    name: `cosmic_view_${view}_${question.name}`.replace(/[^a-z0-9_]/g, '_'),
    title: `${view}: ${question.name}`,
    description: `${question.describe} (asked of the view ${view})`,
    ...reading,
    input: { type: 'object', properties: {}, ...question.params, additionalProperties: false },
    output: answerSchema(question.answer),
    run: async (args, _signal, who) => say(await ask(view, question.name, args, who)),
  };
}

function listTool(all: readonly Named[]): Tool {
  return {
    name: 'cosmic_views',
    title: 'What views can be asked',
    description: 'All views of the node and their questions, with the parameters that cosmic_ask takes for each.',
    ...reading,
    input: object({}),
    output: object({ questions: { type: 'array', items: { type: 'object' } } }, ['questions']),
    run: async () => ({
      text: all.map(({ view, question }) => `${view} ${question.name}: ${question.describe}`).join('\n'),
      structured: {
        questions: all.map(({ view, question: { name, describe, params } }) => ({
          view,
          question: name,
          describe,
          params,
        })),
      },
    }),
  };
}

function askTool(all: readonly Named[], ask: Ask, say: (answer: ViewAnswer) => ToolAnswer): Tool {
  return {
    name: 'cosmic_ask',
    title: 'Ask a view',
    description: 'What blocks mean, by one of the node’s views; cosmic_views lists them.',
    ...reading,
    input: object(
      { view: text('Name of the view', 64), question: text('Name of the question', 64), params: { type: 'object' } },
      ['view', 'question'],
    ),
    output: answerSchema({}),
    run: async (args, _signal, who) => {
      const { view, question, params = {} } = args as { view: string; question: string; params?: object };
      if (!all.some((one) => one.view === view && one.question.name === question))
        throw new CosmicError('request.not_found', 'no such question; cosmic_views lists them');
      return say(await ask(view, question, params as Readonly<Record<string, unknown>>, who));
    },
  };
}

function answerSchema(result: JsonSchema): JsonSchema {
  return object(
    {
      result,
      cursor: object({ epoch: { type: 'string' }, seq: { type: 'integer' } }, ['epoch', 'seq']),
      missing: { type: 'array', items: { type: 'string' } },
      local: { type: 'boolean' },
    },
    ['result', 'cursor', 'missing'],
  );
}

/** What a view answers is made of others' texts, too. */
function said({ result, cursor, missing, local }: ViewAnswer, nonce: string): ToolAnswer {
  const safe = withoutHidden(result);
  const json = JSON.stringify(safe, undefined, 1) ?? 'null';
  const shown =
    json.length > ANSWER_MAX ? `${json.slice(0, ANSWER_MAX)}… (all of it is in the structured answer)` : json;
  const lack = missing.length === 0 ? '' : `\n${missing.length} blocks that this needs are not here.`;
  return {
    text: `${UNTRUSTED_NOTE}\n\n${between(nonce, shown)}\nAs of block ${cursor.seq} of this node.${lack}`,
    structured: { result: safe, cursor, missing, ...(local === undefined ? {} : { local }) },
  };
}

function withoutHidden(value: unknown): unknown {
  if (typeof value === 'string') return untrusted(value, STRING_MAX).text;
  if (Array.isArray(value)) return value.map(withoutHidden);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, one]) => [untrusted(key, 256).text, withoutHidden(one)]));
}
