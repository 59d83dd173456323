import { CosmicError, type Cursor, type Head } from '@cosmicembeddings/sdk';
import type { Trailing } from './trailing.js';

export interface FollowerState {
  readonly name: string;
  readonly position: Cursor;
  /** Blocks and erasures that it has not taken. */
  readonly lag: number;
}

/** Everything that trails one store. */
export interface Followers {
  names(): readonly string[];
  /** As far as was told last. */
  head(): Head;
  /** Something was stored: followers are told once for all that one turn of the event loop stores. */
  noteStored(): void;
  /** Tells them now, where they were not yet: what asks about the head does so first. */
  tell(): Promise<void>;
  /** `indexed`: all that answers rest on; else the follower of that name. @throws CosmicError request.malformed */
  waitFor(what: string, seq: number, signal?: AbortSignal): Promise<void>;
  states(): Promise<FollowerState[]>;
  /** Why each that stands still does, by name. */
  stopped(): ReadonlyMap<string, string>;
}

export interface FollowersOptions {
  readonly head: Head;
  readHead(): Promise<Head>;
  readonly followers: readonly Trailing[];
  /** Resolves when what is hidden covers all up to `seq`, however long it takes. */
  judged(seq: number, signal?: AbortSignal): Promise<void>;
  /** The head has moved. */
  onHead?(): void;
}

export function followTogether({ head: first, readHead, followers, judged, onHead }: FollowersOptions): Followers {
  let head = first;
  let untold = true;
  let telling = Promise.resolve();
  const tell = (): Promise<void> => {
    if (untold)
      telling = readHead().then((next) => {
        head = next;
        for (const follower of followers) follower.notify(head);
        onHead?.();
      });
    untold = false;
    return telling;
  };
  return {
    names: () => followers.map(({ name }) => name),
    head: () => head,
    noteStored() {
      if (!untold) setImmediate(() => void tell());
      untold = true;
    },
    tell,
    async waitFor(what, seq, signal) {
      if (what === 'durable') return;
      const wanted = wantedOf(what, followers);
      await Promise.all([
        ...wanted.map((follower) => follower.waitFor(seq, signal)),
        // What hides rows counts; a view that is out of order holds nobody up.
        ...(what === 'indexed' ? [judged(seq, signal)] : []),
      ]);
    },
    async states() {
      await tell();
      const positions = await Promise.all(followers.map((follower) => follower.position()));
      return followers.map(({ name }, i) => stateOf(name, positions[i]!, head));
    },
    stopped: () =>
      new Map(
        followers.flatMap(({ name, stopped }) => {
          const why = stopped?.();
          return why === undefined ? [] : [[name, why] as const];
        }),
      ),
  };
}

function wantedOf(what: string, followers: readonly Trailing[]): readonly Trailing[] {
  const wanted = followers.filter(({ name, answers }) => (what === 'indexed' ? answers : name === what));
  if (wanted.length > 0) return wanted;
  const names = followers.map(({ name }) => name).join(', ');
  throw new CosmicError('request.malformed', `wait: ${what.slice(0, 64)}; give durable, indexed, or one of ${names}`);
}

/** One that has nothing to take any more may say that it is beyond the head. In another life of the store all is before it. */
export function stateOf(name: string, position: Cursor, head: Head): FollowerState {
  if (position.epoch !== head.epoch) return { name, position, lag: head.seq };
  const seq = Math.min(position.seq, head.seq);
  return { name, position: { epoch: head.epoch, seq }, lag: head.seq - seq };
}
