import { toHex, utf8 } from '../bytes.js';
import { sha256 } from '../crypto/hash.js';
import type { Registry } from '../kinds/registry.js';
import { viewLimits, type Derived, type View } from './view.js';

export interface ConeTable {
  /** `view.table`. */
  readonly name: string;
  /** Its place in keys. */
  readonly number: number;
  readonly view: View;
  readonly key: readonly string[];
  readonly derived?: Derived;
  /** Of the table that it is derived from. */
  readonly from?: string;
}

/** Views that read each other's tables: one state, one cursor, built and swapped as a whole. */
export interface ConePlan {
  /** Names of the views, joined by `+`. */
  readonly name: string;
  /** Each after those that it reads. */
  readonly views: readonly View[];
  readonly tables: ReadonlyMap<string, ConeTable>;
  /** Derived tables, each after what it is derived from. */
  readonly strata: readonly ConeTable[];
  readonly wants: { readonly kinds: readonly string[]; readonly rels: readonly string[] };
  /** Kinds of `wants` whose bodies are read here. */
  readonly known: readonly string[];
  /** Differs as soon as the same blocks could mean other rows. */
  readonly fingerprint: string;
}

/** Changes with the form in which rows are kept. */
const FORMAT = 1;

/** The cones of a registry, each view in exactly one. @throws TypeError for a view whose parts do not fit together */
export function planCones(registry: Pick<Registry, 'views' | 'kind'>): ConePlan[] {
  const groupOf = new Map<string, Set<View>>();
  for (const view of registry.views) {
    const group = new Set([view]);
    for (const read of view.reads ?? []) for (const other of groupOf.get(readName(read)) ?? []) group.add(other);
    for (const member of group) groupOf.set(member.name, group);
  }
  return [...new Set(groupOf.values())].map((group) =>
    planCone(
      registry.views.filter((view) => group.has(view)),
      registry,
    ),
  );
}

/** The name in `name@version`. */
export function readName(read: string): string {
  return read.slice(0, read.lastIndexOf('@'));
}

function planCone(views: readonly View[], registry: Pick<Registry, 'kind'>): ConePlan {
  const tables = new Map<string, ConeTable>();
  for (const view of views) {
    const add = (table: string, key: readonly string[], derived?: Derived): void => {
      const from = derived === undefined ? undefined : fullName(view, derived.from);
      if (!/^[a-z][a-zA-Z0-9]*$/.test(table)) throw new TypeError(`view ${view.name}: bad name of a table, ${table}`);
      if (from !== undefined && !tables.has(from))
        throw new TypeError(`view ${view.name}: ${table} is derived from ${from}, which is no table before it`);
      tables.set(`${view.name}.${table}`, {
        name: `${view.name}.${table}`,
        number: tables.size,
        view,
        key,
        ...(derived === undefined ? {} : { derived }),
        ...(from === undefined ? {} : { from }),
      });
    };
    for (const [name, { key }] of Object.entries(view.tables)) add(name, key);
    for (const [name, derived] of Object.entries(view.derived ?? {})) {
      add(name, derived.op === 'sum' ? derived.by : derived.key, derived);
      checkDerived(view, name, derived, tables);
    }
  }
  const kinds = [...new Set(views.flatMap((view) => view.kinds ?? []))].sort();
  const rels = [...new Set(views.flatMap((view) => view.rels ?? []))].sort();
  const known = kinds.filter((kind) => registry.kind(kind) !== undefined);
  const shape = { format: FORMAT, views: views.map(({ name, version }) => `${name}@${version}`), kinds, rels, known };
  return {
    name: views
      .map(({ name }) => name)
      .sort()
      .join('+'),
    views,
    tables,
    strata: [...tables.values()].filter(({ derived }) => derived !== undefined),
    wants: { kinds, rels },
    known,
    fingerprint: toHex(sha256(utf8(JSON.stringify(shape))).subarray(0, 16)),
  };
}

function fullName(view: View, table: string): string {
  return table.includes('.') ? table : `${view.name}.${table}`;
}

function checkDerived(view: View, name: string, derived: Derived, tables: ReadonlyMap<string, ConeTable>): void {
  const from = tables.get(fullName(view, derived.from))!;
  if (derived.op === 'group' && derived.by.some((field, i) => from.key[i] !== field))
    throw new TypeError(`view ${view.name}: ${name}.by has to be the beginning of the key of ${from.name}`);
  if (derived.op === 'causal' && from.derived !== undefined)
    throw new TypeError(`view ${view.name}: ${name} has to be derived from a table of blocks`);
}

/** The table that `name` stands for in a view. @throws TypeError where the view does not read it */
export function tableOf(plan: ConePlan, view: View, name: string): ConeTable {
  const full = fullName(view, name);
  const owner = full.slice(0, full.lastIndexOf('.'));
  const table = plan.tables.get(full);
  if (table === undefined || (owner !== view.name && !(view.reads ?? []).some((read) => readName(read) === owner)))
    throw new TypeError(`view ${view.name} has and reads no table ${name}`);
  return table;
}

/** Does a view take blocks with such a header? */
export function takes(
  view: View,
  header: { readonly kind: string; readonly refs: readonly { readonly rel: string }[]; readonly prev?: string },
): boolean {
  if (view.kinds?.includes(header.kind) === true) return true;
  return (
    view.rels?.some((rel) =>
      rel === 'prev' ? header.prev !== undefined : header.refs.some((ref) => ref.rel === rel),
    ) === true
  );
}

export const rowLimitsOf = ({ maxRows = viewLimits.maxRows, maxRowBytes = viewLimits.maxRowBytes }: View) => ({
  maxRows,
  maxRowBytes,
});
