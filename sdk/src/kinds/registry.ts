import type { Kind, Plugin, View } from './kind.js';

/** All kinds and views of a set of plug-ins, looked up by name. */
export interface Registry {
  kind(name: string): Kind | undefined;
  view(name: string): View | undefined;
  readonly kinds: readonly Kind[];
  /** In an order in which every view comes after those it reads. */
  readonly views: readonly View[];
}

const KIND = /^(?:[a-z0-9-]+|[a-z0-9-]+(?:\.[a-z0-9-]+)+)\/[1-9][0-9]{0,3}$/;

/** Is this a well-formed kind name, `name/1` or `name.domain/1`? */
export function isKindName(name: string): boolean {
  return name.length <= 128 && KIND.test(name);
}

/** @throws TypeError for a malformed or repeated name, a missing or circular `reads`. */
export function createRegistry(plugins: readonly Plugin[]): Registry {
  const kinds = new Map<string, Kind>();
  const views = new Map<string, View>();
  for (const plugin of plugins) {
    for (const kind of plugin.kinds) {
      if (!isKindName(kind.name)) throw new TypeError(`plug-in ${plugin.name}: bad kind name ${kind.name}`);
      if (kinds.has(kind.name)) throw new TypeError(`plug-in ${plugin.name}: kind ${kind.name} exists already`);
      kinds.set(kind.name, kind);
    }
    for (const view of plugin.views) {
      if (views.has(view.name)) throw new TypeError(`plug-in ${plugin.name}: view ${view.name} exists already`);
      views.set(view.name, view);
    }
  }
  const ordered = orderViews(views);
  return {
    kind: (name) => kinds.get(name),
    view: (name) => views.get(name),
    kinds: [...kinds.values()],
    views: ordered,
  };
}

function orderViews(views: ReadonlyMap<string, View>): View[] {
  const ordered: View[] = [];
  const state = new Map<string, 'open' | 'done'>();
  const visit = (name: string, wantedBy: string): void => {
    const view = views.get(name);
    if (view === undefined) throw new TypeError(`view ${wantedBy} reads ${name}, which no plug-in defines`);
    if (state.get(name) === 'done') return;
    if (state.get(name) === 'open') throw new TypeError(`views read each other in a circle: ${name}`);
    state.set(name, 'open');
    for (const read of view.reads ?? []) visit(read, name);
    state.set(name, 'done');
    ordered.push(view);
  };
  for (const name of views.keys()) visit(name, name);
  return ordered;
}
