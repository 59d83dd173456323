import type { Command, Kind, Need, Panel, Plugin } from '../kinds/index.js';
import type { JsonSchema } from '../schema/index.js';
import { viewLimits, type Question, type View } from '../views/index.js';

/**
 * What a plug-in offers, as data: whoever reads it can make, publish and ask without the plug-in's code. Schemas are JSON
 * Schema 2020-12 of the DAG-JSON form.
 */
export interface PluginInfo {
  readonly name: string;
  readonly kinds: readonly KindInfo[];
  readonly views: readonly ViewInfo[];
  readonly commands: readonly Command[];
  readonly panels: readonly Panel[];
}

export type KindInfo = Pick<Kind, 'name' | 'describe' | 'maxBytes' | 'schema' | 'refs' | 'links'>;

export interface ViewInfo {
  readonly name: string;
  readonly version: number;
  readonly describe?: string;
  readonly questions: readonly QuestionInfo[];
}

export interface QuestionInfo {
  readonly name: string;
  readonly describe: string;
  /** Of an object of texts, integers and booleans. */
  readonly params: JsonSchema;
  readonly answer: JsonSchema;
  readonly example?: unknown;
  /** It has `limit` and `after` among its parameters, and `next` in its answer. */
  readonly page?: true;
}

const PAGE: Readonly<Record<string, JsonSchema>> = {
  limit: { type: 'integer', minimum: 1, maximum: viewLimits.pageRows, default: viewLimits.pageDefault },
  after: { type: 'string', description: '`next` of the previous answer' },
};

export function pluginInfo({ name, kinds, views, commands = [], panels = [] }: Plugin): PluginInfo {
  return { name, kinds: kinds.map(kindInfo), views: views.map(viewInfo), commands, panels };
}

function kindInfo({ name, describe, maxBytes, schema, refs, links }: Kind): KindInfo {
  return {
    name,
    ...(describe === undefined ? {} : { describe }),
    maxBytes,
    schema,
    ...(refs === undefined ? {} : { refs }),
    ...(links === undefined ? {} : { links }),
  };
}

export function viewInfo({ name, version, describe, questions = {} }: View): ViewInfo {
  return {
    name,
    version,
    ...(describe === undefined ? {} : { describe }),
    questions: Object.entries(questions).map(([question, one]) => questionInfo(question, one)),
  };
}

function questionInfo(name: string, { describe, params, answer, example, page }: Question): QuestionInfo {
  const { json } = params;
  const paged = { ...json, properties: { ...(json['properties'] as object | undefined), ...PAGE } };
  return {
    name,
    describe,
    params: page === true ? paged : json,
    answer: answer.json,
    ...(example === undefined ? {} : { example }),
    ...(page === true ? { page } : {}),
  };
}

/**
 * A kind that is known by its description alone: enough to sign with. Its bounds and what it has to refer to are checked;
 * that the fields fit the schema is the caller's to check, and the rest is told by a node that has the plug-in.
 */
export function kindOfInfo(info: KindInfo): Kind {
  return { ...info, parse: (_header, body) => ({ ok: true, body }) };
}

export type { Command, Need, Panel };
