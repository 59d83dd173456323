import { setImmediate as immediate } from 'node:timers/promises';
import type { MessagePort } from 'node:worker_threads';
import type { Cursor, Follower } from '@cosmicembeddings/sdk';
import { systemClock } from '../clock.js';
import { beatOn, type SharedBeat } from './alive.js';
import type { Fault } from './faults.js';
import { follow, type Followed, type FollowOptions, type Following } from './follow.js';
import type { Pressure } from './give-way.js';

/** What a follower's worker is started with, beside its own setup. */
export interface FollowerPart {
  readonly beat: SharedBeat;
  readonly faults: readonly Fault[];
  readonly carefulTo: number;
  readonly pressure?: Pressure;
}

/** What a follower's worker says of itself, beside its own answers. */
export type FromFollower =
  | { readonly type: 'following'; readonly version: string; readonly position: Cursor }
  | { readonly type: 'moved'; readonly position: Cursor }
  | { readonly type: 'fault'; readonly seq: number; readonly why: string }
  | { readonly type: 'stopped'; readonly why: string };

const ALIVE_EVERY_MS = 1000;

export interface Serving extends Following {
  /**
   * A second loop in this thread, for what is built beside what answers: from a place of its own, under the same pressure
   * and beat and with the same faults. It works while `room()` is above 0, from what `durable()` says after `resume()`.
   */
  beside(builder: Follower): Promise<Following>;
}

/** Drives a follower in the worker that owns its resource; `FollowerWorker` is the other end. */
export async function serveFollower(
  follower: Follower,
  {
    store,
    part,
    port,
    ...options
  }: { readonly store: Followed; readonly part: FollowerPart; readonly port: MessagePort } & Pick<
    FollowOptions,
    'batch' | 'onMoved'
  >,
): Promise<Serving> {
  const send = (message: FromFollower): void => port.postMessage(message);
  const beat = beatOn(part.beat);
  setInterval(() => beat.alive(), ALIVE_EVERY_MS).unref();
  const { epoch } = await store.head();
  const own = part.faults.filter((fault) => fault.version === follower.version && fault.epoch === epoch);
  const shared: FollowOptions = {
    ...options,
    store,
    clock: systemClock,
    ...(part.pressure === undefined ? {} : { pressure: part.pressure }),
    beat,
    faults: new Set(own.map(({ seq }) => seq)),
    carefulTo: part.carefulTo,
    yieldTurn: () => immediate(),
    onFault: ({ seq }, error) => send({ type: 'fault', seq, why: String(error) }),
    onStopped: (error) => send({ type: 'stopped', why: String(error) }),
  };
  const following = await follow(follower, {
    ...shared,
    onMoved: (position) => {
      send({ type: 'moved', position });
      options.onMoved?.(position);
    },
  });
  send({ type: 'following', version: follower.version, position: following.position() });
  const builders: Following[] = [];
  return {
    ...following,
    beside: async (builder) => {
      // What it has built moves the place that the first one answers for.
      const building = await follow(builder, { ...shared, onMoved: () => following.notify() });
      builders.push(building);
      return building;
    },
    close: async () => {
      await Promise.all(builders.map((building) => building.close()));
      await following.close();
    },
  };
}
