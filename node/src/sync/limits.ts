import type { SessionTiming } from '@cosmicembeddings/sdk/sync';
import { frameLimits } from '@cosmicembeddings/sdk/sync';

/** Bounds and times of this node's part of sync; tests shorten them. */
export interface SyncLimits {
  readonly timing?: Partial<SessionTiming>;
  /** Ids asked of one peer at a time. */
  readonly wants: number;
  /** Of one that has given nothing yet; each block given raises it by one. */
  readonly wantsFirst: number;
  /** Ids that one peer may have offered and not given: dialled or known, proven, claimed. */
  readonly shares: { readonly known: number; readonly proven: number; readonly claimed: number };
  /** Work (sdk/sync/frame-work) a second that one peer may cause, and at once; and all unknown ones together. */
  readonly workPerSecond: number;
  readonly workBurst: number;
  readonly unknownWorkPerSecond: number;
  /** A peer that gives nothing for so long while asked is stalled; at `strikesMax` in a row it is left. */
  readonly wantMs: number;
  readonly strikesMax: number;
  /** Bad blocks of one connection before it is closed. */
  readonly faultsMax: number;
  /** Blocks and bytes of one peer being judged; beyond it nothing is read from it. */
  readonly judgingMax: number;
  readonly judgingBytesMax: number;
  /** Ids waiting to be announced to one peer; what is dropped is found by reconciliation. */
  readonly announceMax: number;
  /** Ids that a peer is remembered to have. */
  readonly knownMax: number;
  /** Answers that wait to be taken, blocks apart: those are read one by one as they are taken. */
  readonly outboxBytesMax: number;
  /** The other side may take so long over one frame; then it is left. */
  readonly takeMs: number;
  /** Reconciliation with a peer that is in step, and the first retry after something was dropped. */
  readonly reconcileMs: number;
  readonly retryMs: number;
  /** Who has so many blocks, and twice as many as are here, is asked for all in bulk; others wait so long with comparing. */
  readonly feedMin: number;
  readonly feedMs: number;
  /** Peers that get a block of our own pushed; the others are told. */
  readonly pushTo: number;
  /** Blocks that are passed on and not kept: bytes a second, at once, and held at a time. 0 a second: none are. */
  readonly relayBytesPerSecond: number;
  readonly relayBurstBytes: number;
  readonly relayHeldBytes: number;
  /** What this node passes on is told this seldom at most, and so much of it at a time, the nearest first. */
  readonly relaysMs: number;
  readonly relaysBytes: number;
  /** Coverages that are compared with peers which are neither dialled nor known. */
  readonly partsMax: number;
  /** How often this node looks for somebody to dial by hearsay, and asks a peer whom it knows. */
  readonly meetMs: number;
  readonly exchangeMs: number;
  readonly inboundMax: number;
  /** Inbound connections of one address prefix, of one proven identity, and slots that only known ones get. */
  readonly prefixMax: number;
  readonly identityMax: number;
  readonly reservedMax: number;
  /** Connections that one address prefix may begin, a second and at once. */
  readonly arrivalsPerSecond: number;
  readonly arrivalsBurst: number;
  /** A score that brings a ban: eight bad blocks, even if some hours lie between the first and the last. */
  readonly banAt: number;
  /** Scores and bans are written at most this often. */
  readonly saveMs: number;
  readonly tickMs: number;
  readonly closeMs: number;
  readonly dialMs: number;
  readonly backoffMinMs: number;
  readonly backoffMaxMs: number;
}

export const syncLimits: SyncLimits = {
  wants: frameLimits.wants,
  wantsFirst: 16,
  shares: { known: 16_384, proven: 4_096, claimed: 1_024 },
  workPerSecond: 1024 * 1024,
  workBurst: 32 * 1024 * 1024,
  unknownWorkPerSecond: 4 * 1024 * 1024,
  wantMs: 30_000,
  strikesMax: 3,
  faultsMax: 8,
  judgingMax: 512,
  judgingBytesMax: 16 * 1024 * 1024,
  announceMax: 4096,
  knownMax: 16_384,
  outboxBytesMax: 8 * 1024 * 1024,
  takeMs: 120_000,
  reconcileMs: 5 * 60_000,
  retryMs: 1_000,
  feedMin: 1_000,
  feedMs: 10 * 60_000,
  pushTo: 4,
  relayBytesPerSecond: 128 * 1024,
  relayBurstBytes: 4 * 1024 * 1024,
  relayHeldBytes: 16 * 1024 * 1024,
  relaysMs: 5_000,
  relaysBytes: 8 * 1024,
  partsMax: 8,
  meetMs: 5_000,
  exchangeMs: 10 * 60_000,
  inboundMax: 128,
  prefixMax: 64,
  identityMax: 2,
  reservedMax: 32,
  arrivalsPerSecond: 8,
  arrivalsBurst: 64,
  banAt: -95,
  saveMs: 60_000,
  tickMs: 1_000,
  closeMs: 1_000,
  dialMs: 15_000,
  backoffMinMs: 500,
  backoffMaxMs: 60_000,
};
