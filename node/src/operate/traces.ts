import type { IncomingHttpHeaders } from 'node:http';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import { CosmicError } from '@cosmicembeddings/sdk';
import type { SettingSchema } from '../json-schema.js';
import { tracedWork, type TracedWork } from '../thread-work.js';

/** Where spans go. */
export interface TraceRules {
  /** Of OTLP/HTTP, such as `http://127.0.0.1:4318/v1/traces`. */
  readonly to: string;
  /** Share of traces that are kept, of those that a caller began and keeps as well. */
  readonly share: number;
  readonly headers?: Readonly<Record<string, string>>;
}

export const tracesSchema: SettingSchema = {
  type: 'object',
  additionalProperties: false,
  required: ['to'],
  description: 'traces of blocks and searches, sent by OTLP/HTTP (docs/operators/traces.md)',
  properties: {
    to: {
      type: 'string',
      pattern: '^https?://',
      description: 'where to, such as "http://127.0.0.1:4318/v1/traces"',
    },
    share: {
      type: 'number',
      minimum: 0,
      maximum: 1,
      default: 1,
      description: 'of traces that are kept, whoever began them',
    },
    headers: {
      type: 'object',
      additionalProperties: { type: 'string', writeOnly: true },
      description: 'sent along, such as a key',
    },
  },
};

/** A request that is being answered. */
export interface TracedRequest {
  /** Runs what belongs to it. */
  within(next: () => void): void;
  answered(status: number): void;
}

/** Spans of what parts do. Where nothing is traced there is none of these: parts are what they were. */
export interface Traces {
  /** The part, with spans around these methods. The same part is the same each time. */
  around<T extends object>(part: T, name: string, methods: readonly (keyof T & string)[]): T;
  request(name: string, headers: IncomingHttpHeaders): TracedRequest;
  /** Until a follower has taken what was stored just now; a few at a time. */
  follow(names: readonly string[], reached: (name: string) => Promise<void>): void;
  close(): Promise<void>;
}

/** The part itself where nothing is traced. */
export function traced<T extends object>(
  traces: Traces | undefined,
  part: T,
  name: string,
  methods: readonly (keyof T & string)[],
): T {
  return traces === undefined ? part : traces.around(part, name, methods);
}

const FOLLOWED_MAX = 64;
const QUEUE_MAX = 2048;
/** A collector that takes and never answers holds up no node that stops. */
const CLOSE_MS = 1_000;
/** Of `SamplingDecision`. */
const NOT_RECORDED = 0;
const RECORD_AND_SAMPLED = 2;

/** Loads the libraries and begins to send. @throws CosmicError config.malformed where they are not installed */
export async function openTraces(
  rules: TraceRules,
  service: { readonly version: string; readonly id: string; onError?(detail: string): void },
): Promise<Traces> {
  const api = await library<Api>('@opentelemetry/api');
  const sdk = await library<Sdk>('@opentelemetry/sdk-trace-base');
  const exporter = await library<Exporter>('@opentelemetry/exporter-trace-otlp-http');
  const resources = await library<Resources>('@opentelemetry/resources');
  const quiet = (): void => undefined;
  api.diag.setLogger(
    {
      error: (detail) => service.onError?.(String(detail).slice(0, 300)),
      warn: quiet,
      info: quiet,
      debug: quiet,
      verbose: quiet,
    },
    { logLevel: api.DiagLogLevel.ERROR, suppressOverrideMessage: true },
  );
  // By chance, not by the trace's id as the libraries' own: that id is a caller's to choose.
  const share = {
    shouldSample: () => ({ decision: Math.random() < rules.share ? RECORD_AND_SAMPLED : NOT_RECORDED }),
    toString: () => `share ${rules.share}`,
  };
  const provider = new sdk.BasicTracerProvider({
    resource: resources.resourceFromAttributes({
      'service.name': 'cosmic-node',
      'service.version': service.version,
      'service.instance.id': service.id,
    }),
    sampler: new sdk.ParentBasedSampler({ root: share, remoteParentSampled: share }),
    spanProcessors: [
      new sdk.BatchSpanProcessor(
        new exporter.OTLPTraceExporter({
          url: rules.to,
          ...(rules.headers === undefined ? {} : { headers: rules.headers }),
        }),
        { maxQueueSize: QUEUE_MAX, scheduledDelayMillis: 1000 },
      ),
    ],
  });
  const tracer = provider.getTracer('cosmic-node', service.version);
  interface Here extends TracedWork {
    readonly context: Context;
  }
  /** What goes on in `context`; a thread's part of it is a span of its own, for what the rest is: waiting. */
  const hereIn = (context: Context): Here => ({
    context,
    thread: (name) => (worked) => {
      const span = tracer.startSpan(`${name}.thread`, { startTime: worked[0] }, context);
      span.end(worked[1]);
    },
  });
  const contextHere = (): Context | undefined => (tracedWork.getStore() as Here | undefined)?.context;
  const parts = new WeakMap<object, object>();
  let following = 0;

  const begin = (name: string, kind?: number, parent = contextHere() ?? api.ROOT_CONTEXT): readonly [Span, Context] => {
    const span = tracer.startSpan(name, kind === undefined ? {} : { kind }, parent);
    return [span, api.trace.setSpan(parent, span)];
  };
  const fail = (span: Span, error: unknown): void => {
    const code = error instanceof CosmicError ? error.code : (error as Error | undefined)?.name;
    span.setStatus({ code: api.SpanStatusCode.ERROR, message: code ?? 'failed' });
  };
  const within = (name: string, work: () => unknown): unknown => {
    const [span, context] = begin(name);
    const settled = (value: unknown): unknown => {
      describe(span, value);
      span.end();
      return value;
    };
    try {
      const value = tracedWork.run(hereIn(context), work);
      if (!(value instanceof Promise)) return settled(value);
      return value.then(settled, (error: unknown) => {
        fail(span, error);
        span.end();
        throw error;
      });
    } catch (error) {
      fail(span, error);
      span.end();
      throw error;
    }
  };

  return {
    around<T extends object>(part: T, name: string, methods: readonly (keyof T & string)[]): T {
      const known = parts.get(part);
      if (known !== undefined) return known as T;
      const proxy = new Proxy(part, {
        get: (target, property) => {
          const value: unknown = Reflect.get(target, property, target);
          if (typeof value !== 'function') return value;
          const call = (...args: unknown[]): unknown => Reflect.apply(value, target, args);
          const isTraced = (methods as readonly (string | symbol)[]).includes(property);
          return isTraced ? (...args: unknown[]) => within(`${name}.${String(property)}`, () => call(...args)) : call;
        },
      });
      parts.set(part, proxy);
      return proxy;
    },
    request(name, headers) {
      const [span, context] = begin(name, api.SpanKind.SERVER, callerOf(headers, api) ?? api.ROOT_CONTEXT);
      let isOpen = true;
      return {
        within: (next) => tracedWork.run(hereIn(context), next),
        answered: (status) => {
          if (!isOpen) return;
          isOpen = false;
          span.setAttribute('http.response.status_code', status);
          if (status >= 500) span.setStatus({ code: api.SpanStatusCode.ERROR });
          span.end();
        },
      };
    },
    follow(names, reached) {
      if (following >= FOLLOWED_MAX) return;
      following += 1;
      const spans = names.map(async (name) => {
        const [span] = begin(`follow.${name}`);
        await reached(name).catch((error: unknown) => fail(span, error));
        span.end();
      });
      void Promise.all(spans).finally(() => (following -= 1));
    },
    // What is not sent by now is given up with the process.
    close: async () => {
      const over = new AbortController();
      const late = delay(CLOSE_MS, undefined, { signal: over.signal });
      await Promise.race([provider.shutdown(), late]).catch(() => undefined);
      over.abort();
    },
  };
}

/** What became of it, in a word or a number. */
function describe(span: Span, value: unknown): void {
  if (Array.isArray(value)) return void span.setAttribute('cosmic.count', value.length);
  if (typeof value !== 'object' || value === null) return;
  const { status, code, id, hits } = value as Readonly<Record<string, unknown>>;
  if (typeof status === 'string') span.setAttribute('cosmic.status', status);
  if (typeof code === 'string') span.setAttribute('cosmic.code', code);
  if (typeof id === 'string') span.setAttribute('cosmic.id', id);
  if (Array.isArray(hits)) span.setAttribute('cosmic.count', hits.length);
}

/** Whose trace a request belongs to. (W3C Trace Context, `traceparent`) */
function callerOf(headers: IncomingHttpHeaders, api: Api): Context | undefined {
  const line = headers['traceparent'];
  const parsed = /^00-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})$/.exec(typeof line === 'string' ? line : '');
  if (parsed === null || /^0+$/.test(parsed[1]!) || /^0+$/.test(parsed[2]!)) return undefined;
  const [, traceId, spanId, flags] = parsed;
  const caller = { traceId: traceId!, spanId: spanId!, traceFlags: Number.parseInt(flags!, 16) & 1, isRemote: true };
  return api.trace.setSpanContext(api.ROOT_CONTEXT, caller);
}

/** Beside this package, or in the folder where the command was given. */
async function library<T>(name: string): Promise<T> {
  const beside = createRequire(join(process.cwd(), 'package.json'));
  try {
    return (await import(name).catch(() => import(pathToFileURL(beside.resolve(name)).href) as Promise<unknown>)) as T;
  } catch (cause) {
    throw new CosmicError('config.malformed', `traces: they need ${name}: npm install ${LIBRARIES}`, { cause });
  }
}

const LIBRARIES =
  '@opentelemetry/api @opentelemetry/sdk-trace-base@2.2.0 @opentelemetry/resources@2.2.0 @opentelemetry/exporter-trace-otlp-http@0.208.0';

// What is used of these libraries, which are installed by whoever traces.
type Context = unknown;
interface Span {
  setAttribute(name: string, value: string | number): void;
  setStatus(status: { readonly code: number; readonly message?: string }): void;
  end(timeMs?: number): void;
}
interface Api {
  readonly ROOT_CONTEXT: Context;
  readonly SpanKind: { readonly SERVER: number };
  readonly SpanStatusCode: { readonly ERROR: number };
  readonly DiagLogLevel: { readonly ERROR: number };
  readonly diag: {
    setLogger(
      logger: Readonly<Record<'error' | 'warn' | 'info' | 'debug' | 'verbose', (detail: string) => void>>,
      options: object,
    ): void;
  };
  readonly trace: {
    setSpan(context: Context, span: Span): Context;
    setSpanContext(context: Context, of: object): Context;
  };
}
interface Sdk {
  readonly BasicTracerProvider: new (options: object) => {
    getTracer(
      name: string,
      version: string,
    ): {
      startSpan(name: string, options: { readonly kind?: number; readonly startTime?: number }, parent: Context): Span;
    };
    shutdown(): Promise<void>;
  };
  readonly ParentBasedSampler: new (options: object) => object;
  readonly BatchSpanProcessor: new (exporter: object, options: object) => object;
}
interface Exporter {
  readonly OTLPTraceExporter: new (options: object) => object;
}
interface Resources {
  resourceFromAttributes(attributes: Readonly<Record<string, string>>): object;
}
