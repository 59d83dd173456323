/** An OpenAPI 3.1 document as far as the reference shows it. */
export interface Reference {
  readonly title: string;
  readonly version: string;
  readonly tags: readonly { readonly name: string; readonly says: string; readonly operations: readonly Operation[] }[];
  /** A schema with what it refers to in its place, a few levels deep. */
  resolve(schema: unknown): unknown;
}

export interface Operation {
  readonly id: string;
  readonly method: string;
  readonly path: string;
  readonly summary: string;
  readonly describes: string;
  readonly needsKey: boolean;
  readonly parameters: readonly {
    readonly name: string;
    readonly place: 'path' | 'query';
    readonly isRequired: boolean;
    readonly type: string;
    readonly says: string;
  }[];
  readonly takes?: readonly Content[];
  readonly answers: readonly {
    readonly status: string;
    readonly says: string;
    readonly contents: readonly Content[];
  }[];
}

export interface Content {
  readonly type: string;
  readonly schema: unknown;
  readonly example?: unknown;
}

interface Spelled {
  readonly info: { readonly title: string; readonly version: string };
  readonly tags?: readonly { readonly name: string; readonly description: string }[];
  readonly components?: { readonly schemas?: Readonly<Record<string, unknown>> };
  readonly paths: Readonly<Record<string, Readonly<Record<string, SpelledOperation>>>>;
}
type Media = Readonly<Record<string, { readonly schema?: unknown; readonly example?: unknown }>>;
interface SpelledOperation {
  readonly operationId: string;
  readonly summary?: string;
  readonly description?: string;
  readonly tags?: readonly string[];
  readonly security?: readonly unknown[];
  readonly parameters?: readonly {
    readonly name: string;
    readonly in: 'path' | 'query';
    readonly required?: boolean;
    readonly description?: string;
    readonly schema?: { readonly type?: string; readonly enum?: readonly string[] };
  }[];
  readonly requestBody?: { readonly content: Media };
  readonly responses: Readonly<Record<string, { readonly description: string; readonly content?: Media }>>;
}

const DEPTH_MAX = 6;

export function operationsOf(document: Spelled): Reference {
  const all = Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, one]) => ({ tag: one.tags?.[0], operation: operationOf(method, path, one) })),
  );
  return {
    title: document.info.title,
    version: document.info.version,
    tags: (document.tags ?? []).map(({ name, description }) => ({
      name,
      says: description,
      operations: all.flatMap(({ tag, operation }) => (tag === name ? [operation] : [])),
    })),
    resolve: (schema) => resolve(schema, document.components?.schemas ?? {}, 0),
  };
}

function operationOf(method: string, path: string, one: SpelledOperation): Operation {
  return {
    id: one.operationId,
    method: method.toUpperCase(),
    path,
    summary: one.summary ?? '',
    describes: one.description ?? '',
    needsKey: one.security !== undefined,
    parameters: (one.parameters ?? []).map(({ name, in: place, required = false, description = '', schema }) => ({
      name,
      place,
      isRequired: required,
      type: schema?.enum?.join(' | ') ?? schema?.type ?? '',
      says: description,
    })),
    ...(one.requestBody === undefined ? {} : { takes: contentsOf(one.requestBody.content) }),
    answers: Object.entries(one.responses).map(([status, { description, content = {} }]) => ({
      status,
      says: description,
      contents: contentsOf(content),
    })),
  };
}

function contentsOf(content: Media): Content[] {
  return Object.entries(content).map(([type, { schema, example }]) => ({
    type,
    schema,
    ...(example === undefined ? {} : { example }),
  }));
}

function resolve(schema: unknown, named: Readonly<Record<string, unknown>>, depth: number): unknown {
  if (Array.isArray(schema)) return schema.map((one) => resolve(one, named, depth));
  if (typeof schema !== 'object' || schema === null) return schema;
  const target = (schema as { readonly $ref?: unknown }).$ref;
  const name = typeof target === 'string' ? target.split('/').at(-1) : undefined;
  if (name !== undefined && Object.hasOwn(named, name))
    return depth < DEPTH_MAX ? resolve(named[name], named, depth + 1) : name;
  return Object.fromEntries(Object.entries(schema).map(([key, value]) => [key, resolve(value, named, depth)]));
}

/** What a schema is called. */
export function namesOf(schema: unknown): string {
  const target = (schema as { readonly $ref?: string } | undefined)?.$ref;
  return target?.split('/').at(-1) ?? '';
}

export function textOf(value: unknown): string {
  return JSON.stringify(value, undefined, 2);
}
