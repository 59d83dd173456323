import type { Accept, BlockStore, Clock, Code, Transport } from '@cosmicembeddings/sdk';
import type { Coverage } from '@cosmicembeddings/sdk/filter';
import type { RecentSet, Session, Wants, Wish } from '@cosmicembeddings/sdk/sync';
import type { Log } from '../../log.js';
import type { Bodyless } from '../bodyless.js';
import type { Bootstrap } from '../bootstrap.js';
import type { Budget } from '../budget.js';
import type { Parts } from '../coverage/parts.js';
import type { Passing } from '../coverage/passing.js';
import type { Decided } from '../decided.js';
import type { Later } from '../later.js';
import type { SyncLimits } from '../limits.js';
import type { Deed, Reputation } from '../reputation.js';
import type { Traces } from '../traces.js';
import type { AtTheDoor } from './at-the-door.js';

/** What all connections of a node share. */
export interface Shared {
  readonly store: BlockStore;
  readonly accept: Accept;
  readonly clock: Clock;
  readonly decided: Decided;
  readonly wants: Wants;
  readonly later: Later;
  readonly bodyless: Bodyless;
  readonly bootstrap: Bootstrap;
  readonly traces: Traces;
  /** What this node keeps of what others bring. */
  readonly coverage: Coverage;
  readonly parts: Parts;
  readonly passing: Passing;
  /** Addresses that may be told to others; undefined where none are. */
  readonly tellable: (() => readonly string[]) | undefined;
  /** Where others may be, as the peer of this name says. */
  heardOf(name: string, addresses: readonly string[]): void;
  /** Digests that a peer brought: passed on by announcement, not pushed. */
  readonly relayed: RecentSet;
  readonly limits: SyncLimits;
  readonly log: Log;
  readonly networkId: string;
  readonly did: string;
  readonly random: () => number;
  readonly reputation: Reputation;
  readonly atTheDoor: AtTheDoor;
  /** What all unknown peers together may make this node do. */
  readonly unknownWork: Budget;
  /** Why a peer that has said who it is may not stay. */
  refusalOf(name: string, proven: boolean): string | undefined;
  /** A node that holds this node's own key has proven it, from this address. */
  twin(address: string): void;
  /** Resolves when what the store has now is decided here, too. */
  caughtUp(): Promise<void>;
  /** Ids moved to other holders, or a peer got ready: everybody may have something to ask. */
  stir(): void;
}

/** One connection, as its two halves see it: what comes in and what goes out. */
export interface Connection {
  readonly id: string;
  readonly remote: Transport['remote'];
  readonly session: Session;
  readonly shared: Shared;
  /** Under which name its deeds are remembered. */
  readonly name: string;
  readonly isDialled: boolean;
  /** A proven identity that has been useful. */
  readonly isKnown: boolean;
  readonly isEnded: boolean;
  /** Digests that the other side has, as far as it is remembered. */
  readonly known: RecentSet;
  fulfil(wishes: readonly Wish[]): void;
  /** It brought or took a block just now. */
  useful(): void;
  /** Work that it has caused is paid for by what it brought. */
  credit(work: number): void;
  /** Remembers what it did; may end the connection. */
  charge(deed: Deed, why?: string): void;
  /** Says goodbye. */
  close(code: Code, detail: string): void;
  /** Leaves without a word. */
  abandon(code: Code, detail: string): void;
  now(): number;
}
