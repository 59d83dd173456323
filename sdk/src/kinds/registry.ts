import type { View } from '../views/view.js';
import type { Kind } from './kind.js';
import type { Plugin } from './plugin.js';
import { reservedVerbs } from './verbs.js';

/** All kinds and views of a set of plug-ins, looked up by name. */
export interface Registry {
  kind(name: string): Kind | undefined;
  view(name: string): View | undefined;
  readonly kinds: readonly Kind[];
  /** In an order in which every view comes after those it reads. */
  readonly views: readonly View[];
  readonly plugins: readonly Plugin[];
}

const KIND = /^(?:[a-z0-9-]+|[a-z0-9-]+(?:\.[a-z0-9-]+)+)\/[1-9][0-9]{0,3}$/;
const VERB = /^[a-z][a-z0-9-]{0,31}$/;
const VIEW = /^[a-z][a-z0-9-]{0,63}$/;

/** Is this a well-formed kind name, `name/1` or `name.domain/1`? */
export function isKindName(name: string): boolean {
  return name.length <= 128 && KIND.test(name);
}

/** @throws TypeError for a malformed or repeated name, a command that takes another's place, a missing or circular `reads`. */
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
      if (!VIEW.test(view.name)) throw new TypeError(`plug-in ${plugin.name}: bad view name ${view.name}`);
      if (views.has(view.name)) throw new TypeError(`plug-in ${plugin.name}: view ${view.name} exists already`);
      views.set(view.name, view);
    }
  }
  refuseClashes(plugins);
  const ordered = orderViews(views);
  return {
    kind: (name) => kinds.get(name),
    view: (name) => views.get(name),
    kinds: [...kinds.values()],
    views: ordered,
    plugins,
  };
}

/** Plug-ins with commands and commands of the top level are first words of the command line: each has one meaning. */
function refuseClashes(plugins: readonly Plugin[]): void {
  const verbs = new Map<string, string>();
  const take = (verb: string, plugin: string): void => {
    const other = reservedVerbs.has(verb) ? 'the command line itself' : verbs.get(verb);
    if (other !== undefined) throw new TypeError(`plug-in ${plugin}: the command ${verb} belongs to ${other}`);
    if (!VERB.test(verb)) throw new TypeError(`plug-in ${plugin}: bad name of a command: ${verb}`);
    verbs.set(verb, `plug-in ${plugin}`);
  };
  for (const { name, commands = [] } of plugins) {
    if (commands.length > 0) take(name, name);
    const own = new Set<string>();
    for (const command of commands) {
      if (!VERB.test(command.name)) throw new TypeError(`plug-in ${name}: bad name of a command: ${command.name}`);
      if (own.has(command.name)) throw new TypeError(`plug-in ${name}: the command ${command.name} exists already`);
      own.add(command.name);
      if (command.topLevel === true) take(command.name, name);
    }
  }
}

function orderViews(views: ReadonlyMap<string, View>): View[] {
  const ordered: View[] = [];
  const state = new Map<string, 'open' | 'done'>();
  const visit = (view: View): void => {
    if (state.get(view.name) === 'done') return;
    if (state.get(view.name) === 'open') throw new TypeError(`views read each other in a circle: ${view.name}`);
    state.set(view.name, 'open');
    for (const read of view.reads ?? []) {
      const other = views.get(read.slice(0, read.lastIndexOf('@')));
      if (other === undefined) throw new TypeError(`view ${view.name} reads ${read}, which no plug-in defines`);
      if (read !== `${other.name}@${other.version}`)
        throw new TypeError(`view ${view.name} reads ${read}; here is ${other.name}@${other.version}`);
      visit(other);
    }
    state.set(view.name, 'done');
    ordered.push(view);
  };
  for (const view of views.values()) visit(view);
  return ordered;
}
