import type { FastifyReply, FastifyRequest } from 'fastify';
import { CosmicError, type Filter, type SearchRequest } from '@cosmicembeddings/sdk';
import type { Visitor } from './access.js';
import { smallMs, type DearRoom } from './dear.js';

declare module 'fastify' {
  interface FastifyContextConfig {
    /** About how many milliseconds a request of this route costs (specs/budgets.md); left out: it is small. */
    readonly costMs?: (request: FastifyRequest) => number;
  }
  interface FastifyRequest {
    /** Gives back what a dear request has taken. */
    done: (() => void) | undefined;
  }
}

/** Measured on the machine of specs/budgets.md, by `bench/worst-day/proportion.mjs one`, and rounded up. */
const PER_HIT_MS = 0.03;
const PER_FOLDED_HIT_MS = 0.1;
const PER_QUESTION_CHAR_MS = 0.0015;
const PER_VALUE_MS = 0.01;
const PER_PARSED_BYTE_MS = 0.00005;
const PER_SENT_BYTE_MS = 0.000_015;
const PER_BASE64_BYTE_MS = 0.000_075;
const PER_NUMBERS_BYTE_MS = 0.0004;
const PER_TEXT_BYTE_MS = 0.00025;
const PER_JUDGED_BYTE_MS = 0.000_05;
const PER_TOOL_HIT_MS = 0.4;
const TOOL_HITS_MAX = 50;
/** Texts are looked through by a thread that others wait for as well; who asks for that takes turns. */
const LOOKED_THROUGH_MS = 50;
const FACETS_MS = 40;
const OPENING = 0x7b;

/** JSON and CBOR are parsed where everything else waits for it. */
export function costOfParsing(bytes: number): number {
  return bytes * PER_PARSED_BYTE_MS;
}

export function costOfSearch({ k, text = '', collapse, filter, after = '', trusted = [] }: SearchRequest): number {
  return (
    k * (collapse === true ? PER_FOLDED_HIT_MS : PER_HIT_MS) +
    text.length * PER_QUESTION_CHAR_MS +
    after.length * PER_QUESTION_CHAR_MS +
    (valuesOf(filter) + trusted.length) * PER_VALUE_MS +
    costOfTexts(filter)
  );
}

export function costOfList(filter: Filter | undefined, limit: number): number {
  return limit * 0.005 + valuesOf(filter) * PER_VALUE_MS + costOfTexts(filter);
}

/** The newest blocks that pass are counted. */
export function costOfFacets(filter: Filter | undefined): number {
  return FACETS_MS + valuesOf(filter) * PER_VALUE_MS + costOfTexts(filter);
}

/** A block that is read and answered in a form. */
export function costOfForm(bytes: number, form: 'cbor' | 'base64' | 'json' | 'none'): number {
  return (
    bytes *
    { cbor: PER_SENT_BYTE_MS, none: PER_SENT_BYTE_MS, base64: PER_BASE64_BYTE_MS, json: PER_NUMBERS_BYTE_MS }[form]
  );
}

/** A block that is judged, and written: a version-1 text is read and written anew for it. */
export function costOfJudging(length: number, isText: boolean): number {
  return length * (isText ? PER_TEXT_BYTE_MS : PER_JUDGED_BYTE_MS);
}

/** A list of the Python routes: blocks are read, and looked at one by one. */
export function costOfPythonList({ limit, created_by, q = '' }: Readonly<Record<string, unknown>>): number {
  const read = created_by === undefined ? Math.min(1000, Number(limit ?? 10) || 0) : 1000;
  return read * 0.1 + String(q).length * PER_QUESTION_CHAR_MS;
}

/** A tool of MCP, or a resource that is read: every hit is verified here, and what is asked is looked for. */
export function costOfTool(body: unknown): number {
  if (Array.isArray(body)) return body.reduce<number>((sum, one) => sum + costOfTool(one), 0);
  const { method, params } = (body ?? {}) as { method?: unknown; params?: { arguments?: unknown; uri?: unknown } };
  if (!isCall(method)) return 0;
  if (method === 'resources/read') return TOOL_HITS_MAX * PER_TOOL_HIT_MS;
  const asked = params?.arguments ?? {};
  const k = Number((asked as { k?: unknown }).k ?? TOOL_HITS_MAX);
  return (
    (Number.isFinite(k) ? Math.min(TOOL_HITS_MAX, k) : TOOL_HITS_MAX) * PER_TOOL_HIT_MS + costOfArguments(asked, 1)
  );
}

/** Deeper than a filter can be, nothing is looked for. */
const DEPTH_MAX = 12;

function costOfArguments(value: unknown, depth: number): number {
  if (typeof value === 'string') return value.length * PER_QUESTION_CHAR_MS;
  if (typeof value !== 'object' || value === null || depth > DEPTH_MAX) return 0;
  let cost = 0;
  for (const [key, one] of Object.entries(value))
    cost += (key === '#text' ? LOOKED_THROUGH_MS : 0) + costOfArguments(one, depth + 1);
  return cost;
}

/** Is it a method of MCP that may be a search? */
export function isCall(method: unknown): boolean {
  return method === 'tools/call' || method === 'resources/read';
}

/** Of bytes that came: is it a version-1 block, which is a JSON text? */
export function isText(wire: Uint8Array): boolean {
  return wire[0] === OPENING;
}

function costOfTexts(filter: Filter | undefined): number {
  if (filter?.where === undefined) return 0;
  return LOOKED_THROUGH_MS * (JSON.stringify(filter.where).split('"#text"').length - 1);
}

function valuesOf(filter: Filter | undefined): number {
  let values = 0;
  for (const value of Object.values(filter ?? {})) values += Array.isArray(value) ? value.length : 1;
  return values;
}

/** Whose share of turns and watches it is; the operator's own programs have no bound but the node's. */
export function sharedBy({ trusted, from, key }: Visitor): string {
  return key !== undefined ? `key ${key.name}` : trusted ? '' : from;
}

/** Waits for the turn of a request, as what it is known to cost by now; what it had taken before is given back. */
export async function takeTurn(
  request: FastifyRequest,
  reply: FastifyReply | undefined,
  room: DearRoom,
  estimateMs: number,
): Promise<void> {
  if (estimateMs < smallMs) return void (await room.enter(estimateMs, ''));
  request.done?.();
  const gone = new AbortController();
  const { socket } = request.raw;
  const leave = (): void => gone.abort(new CosmicError('node.stopping', 'nobody waits any more'));
  socket.once('close', leave);
  try {
    request.done = await room.enter(estimateMs, sharedBy(request.visitor), gone.signal);
  } finally {
    socket.off('close', leave);
  }
  const { done } = request;
  reply?.raw.once('close', done);
  if (socket.destroyed) done();
}
