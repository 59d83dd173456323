import { compareBytes } from '../bytes.js';
import type { KeyedStore } from './keyed-store.js';
import { tableOf, type ConePlan } from './plan.js';
import { nameOf, placed, respond, type ReaderOptions, type Trace } from './reader.js';
import { rowPrefix, rowOf } from './rows.js';
import { afterParts } from './tuple.js';
import type { Ask, Request, Row, View } from './view.js';

/** One of several runs of a view's generators. */
export interface Run<T> {
  readonly ask: Ask<T>;
  readonly trace: Trace;
  /** Called before each of its steps. */
  readonly step?: () => void;
}

/** What a run came to: a value, or what it threw. */
export type Outcome<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly error: unknown };

type RowsRequest = Extract<Request, { type: 'rows' }>;

/** From so many requests of one table on, one range is read for all of them. */
const RANGE_FROM = 4;
/** Rows of a range for each key that is asked for: a table that has more between the keys is read key by key. */
const ROWS_A_KEY = 4;

/**
 * Runs generators side by side, a step of each in turn, and reads what they ask for at the same time as one range where that
 * is less work. Rows must not change meanwhile. In the order of `runs`.
 */
export function driveAll<T>(runs: readonly Run<T>[], view: View, options: ReaderOptions): Outcome<T>[] {
  const outcomes = new Array<Outcome<T>>(runs.length);
  const answers = new Array<unknown>(runs.length);
  for (let open = runs.map((_, i) => i); open.length > 0;) {
    const asked: { readonly i: number; readonly request: Request }[] = [];
    for (const i of open)
      attempt(outcomes, i, () => {
        runs[i]!.step?.();
        const step = runs[i]!.ask.next(answers[i] as never);
        if (step.done === true) outcomes[i] = { ok: true, value: step.value };
        else asked.push({ i, request: step.value });
      });
    const ahead = readAhead(
      asked.flatMap(({ request }) => (request.type === 'rows' ? [request] : [])),
      view,
      options,
    );
    const reading = { ...options, ahead };
    open = [];
    for (const { i, request } of asked)
      attempt(outcomes, i, () => {
        options.tick?.();
        answers[i] = respond(request, view, reading, runs[i]!.trace);
        open.push(i);
      });
  }
  return outcomes;
}

function attempt<T>(outcomes: Outcome<T>[], i: number, work: () => void): void {
  try {
    work();
  } catch (error) {
    outcomes[i] = { ok: false, error };
  }
}

/** Rows by the name of their request, of those requests that one range serves. */
function readAhead(
  requests: readonly RowsRequest[],
  view: View,
  { plan, store, memo, scope }: ReaderOptions,
): Map<string, readonly Row[]> {
  const found = new Map<string, readonly Row[]>();
  if (memo === undefined || scope !== undefined || requests.length < RANGE_FROM) return found;
  const groups = new Map<string, Map<string, RowsRequest>>();
  for (const request of requests) {
    const name = request.key.length === 1 ? nameOf(request) : undefined;
    if (name === undefined || memo.has(name)) continue;
    const group = `${request.table} ${request.limit}`;
    groups.set(group, (groups.get(group) ?? new Map<string, RowsRequest>()).set(name, request));
  }
  for (const group of groups.values()) if (group.size >= RANGE_FROM) readRange(group, view, plan, store, found);
  return found;
}

function readRange(
  group: ReadonlyMap<string, RowsRequest>,
  view: View,
  plan: ConePlan,
  store: KeyedStore,
  found: Map<string, readonly Row[]>,
): void {
  const [{ table: tableName, limit }] = group.values() as unknown as [RowsRequest];
  const table = tableOf(plan, view, tableName);
  const wanted = [...group].map(([name, { key }]) => ({ name, prefix: rowPrefix(table, key) }));
  wanted.sort((a, b) => compareBytes(a.prefix, b.prefix));
  const end = afterParts(wanted.at(-1)!.prefix);
  const most = wanted.length * ROWS_A_KEY;
  const entries = store.range(wanted[0]!.prefix, end, most);
  const isWhole = entries.length < most;
  let at = 0;
  for (const { name, prefix } of wanted) {
    while (at < entries.length && compareBytes(entries[at]![0], prefix) < 0) at++;
    const rows: Row[] = [];
    const after = afterParts(prefix);
    const isIn = (): boolean => at < entries.length && compareBytes(entries[at]![0], after) < 0;
    for (; isIn() && rows.length < limit; at++) {
      const [key, value] = entries[at]!;
      rows.push(placed({ key, row: rowOf(table, key, value) }));
    }
    // What may go on behind the last entry is read for itself.
    if (at >= entries.length && !isWhole && rows.length < limit) return;
    found.set(name, rows);
  }
}
