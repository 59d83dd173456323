import { CosmicError, type Cursor, type Registry } from '@cosmicembeddings/sdk';
import { planCones, type ConePlan } from '@cosmicembeddings/sdk/views';
import type { ConeNote } from './cone-file.js';
import type { ConeHost } from './cone-host.js';

/** What of a cone's host says which state answers. */
export type HostState = Pick<ConeHost, 'position' | 'isReady' | 'failure'>;

/** A state of a cone: the one that is wanted, or an earlier one that answers until then. */
export interface State<Host extends HostState = ConeHost> {
  readonly plan: ConePlan;
  readonly host: Host;
}

export interface ConeRun<Host extends HostState = ConeHost> {
  readonly plan: ConePlan;
  readonly wanted: State<Host>;
  /** Earlier states that are kept up meanwhile. */
  earlier: readonly State<Host>[];
  /** Earlier states whose code is not here any more: what they hid stays hidden. */
  frozen: readonly string[];
}

export interface ConeState {
  /** Names of its views, joined by `+`. */
  readonly name: string;
  readonly position: Cursor;
  /** It is being built; questions are answered by an earlier state, or view.building. */
  readonly building: boolean;
  readonly failure?: string;
}

/** Earlier states of this cone's views that were whole, where the wanted one is not. */
export function earlierOf(notes: readonly ConeNote[], plan: ConePlan): readonly ConeNote[] {
  if (notes.some(({ fingerprint, ready }) => fingerprint === plan.fingerprint && ready)) return [];
  return notes.filter((note) => note.ready && note.fingerprint !== plan.fingerprint && isOfViews(note, plan));
}

function isOfViews(note: ConeNote, plan: ConePlan): boolean {
  return note.views.some((one) => plan.views.some(({ name }) => one.slice(0, one.lastIndexOf('@')) === name));
}

/** The cone that a file is of, where all of its code is still here. */
export function planOfNote(registry: Registry, note: ConeNote): ConePlan | undefined {
  const views = registry.views.filter(({ name, version }) => note.views.includes(`${name}@${version}`));
  if (views.length < note.views.length) return undefined;
  const kind = (name: string) => (note.known.includes(name) ? registry.kind(name) : undefined);
  return planCones({ views, kind }).find(({ fingerprint }) => fingerprint === note.fingerprint);
}

/** The state that answers for a view, `of`: as far as it has to come. @throws CosmicError view.failed, view.building */
export function answering<Host extends HostState>(
  { wanted, earlier }: ConeRun<Host>,
  view: string,
  of: number,
): State<Host> {
  const state = wanted.host.isReady()
    ? wanted
    : earlier.find(({ plan }) => plan.views.some(({ name }) => name === view));
  const failure = (state ?? wanted).host.failure();
  if (failure !== undefined) throw new CosmicError('view.failed', failure);
  if (state !== undefined) return state;
  throw new CosmicError('view.building', `${view} has taken ${Math.max(0, wanted.host.position().seq)} of ${of}`);
}

/** The state by which a hiding cone judges now: its position is how far. Undefined: by none yet. */
export function judging<Host extends HostState>({ wanted, earlier }: ConeRun<Host>): Host | undefined {
  if (wanted.host.isReady()) return wanted.host;
  return earlier.find(({ plan }) => plan.views.some(({ hides }) => hides !== undefined))?.host;
}

export function coneState({ plan, wanted: { host } }: ConeRun<HostState>): ConeState {
  const failure = host.failure();
  return {
    name: plan.name,
    position: host.position(),
    building: !host.isReady(),
    ...(failure === undefined ? {} : { failure }),
  };
}

/** How far the one that is least far is; undefined where there is none. */
export function leastPosition(positions: readonly Cursor[]): Cursor | undefined {
  return positions.reduce<Cursor | undefined>(
    (min, one) => (min === undefined || one.seq < min.seq ? one : min),
    undefined,
  );
}
