import { join } from 'node:path';
import type { BlockId, Cursor } from '@cosmicembeddings/sdk';
import { openFaults } from '../follow/index.js';
import type { Looked } from '../follow/kept-follower.js';
import { commonFollower } from '../index/common/kept.js';
import { homeFollower } from '../index/home/check.js';
import { kindsFollower } from '../index/kinds/check.js';
import { mapFollower } from '../index/map/kept.js';
import { vectorsFollower } from '../index/vectors/check.js';
import { textFollower } from '../index/words/check.js';
import type { Finding } from '../store/finding.js';
import { announcementsFollower, receiptsFollower } from '../sync/check.js';
import { viewsFollower } from '../views/check.js';

/**
 * Everything that trails the store: the one list of which status, `/ready`, `?wait=`, lag metrics and fsck know, in the
 * order in which they are shown.
 */
export const keptFollowers = [
  kindsFollower,
  vectorsFollower,
  homeFollower,
  commonFollower,
  mapFollower,
  textFollower,
  viewsFollower,
  announcementsFollower,
  receiptsFollower,
] as const;

export type FollowerName = (typeof keptFollowers)[number]['name'];

/** A block that a follower passed over. */
export interface PassedOver {
  readonly seq: number;
  readonly id?: BlockId;
  readonly why: string;
}

/** A follower as its files are. */
export interface FollowerReport {
  readonly name: string;
  /** Absent where it keeps none, has none yet, or its file cannot be read. */
  readonly position?: Cursor;
  /** Numbers of the store that it does not answer for. */
  readonly behind?: number;
  readonly passedOver: readonly PassedOver[];
  /** For people; absent where there is nothing to do or to wait for. */
  readonly advice?: string;
}

/** What each follower's files say of it, and what is wrong with them. */
export function checkFollowers(looked: Looked, report: (finding: Finding) => void): FollowerReport[] {
  const faults = openFaults(join(looked.folder, 'faults.json'));
  const head = looked.upkeep.head();
  return keptFollowers.map((follower): FollowerReport => {
    const { name } = follower;
    let damages = 0;
    const damaged = (what: string): void => {
      damages++;
      report({ part: name, what, remedy: 'rebuilt by itself' });
    };
    const position = tried(damaged, () => {
      for (const what of follower.damage(looked)) damaged(what);
      return follower.position(looked);
    });
    const isOurs = position?.epoch === head.epoch;
    // Who is ahead of the store has seen blocks that the store has no more.
    if (isOurs && position.seq > head.seq)
      report({
        part: 'sequence',
        what: `${name} has followed to ${position.seq}, the store ends at ${head.seq}: its newest blocks are lost`,
        seq: head.seq + 1,
        remedy: 'restore a backup or fetch the block from a peer',
      });
    const behind = position === undefined ? undefined : isOurs ? Math.max(0, head.seq - position.seq) : head.seq;
    const passedOver = faults
      .of(name)
      .filter(({ epoch }) => epoch === head.epoch)
      .map(({ seq, why }): PassedOver => {
        const id = tried(
          () => undefined,
          () => looked.upkeep.placeOf(seq)?.id,
        );
        return { seq, why, ...(id === undefined ? {} : { id }) };
      });
    const advice = adviceFor(damages > 0, behind, passedOver.length);
    return {
      name,
      ...(position === undefined ? {} : { position }),
      ...(behind === undefined ? {} : { behind }),
      passedOver,
      ...(advice === undefined ? {} : { advice }),
    };
  });
}

/** One line for people. */
export function lineOf({ name, position, behind = 0, passedOver, advice }: FollowerReport): string {
  const place =
    position === undefined
      ? 'has nothing yet, and is built by a node that starts'
      : `answers up to ${position.seq}${behind > 0 ? `, ${behind} behind` : ''}`;
  const listed = passedOver
    .slice(0, LISTED)
    .map(({ seq, id, why }) => `${seq}${id === undefined ? '' : ` ${id}`}: ${why}`);
  const more = passedOver.length > LISTED ? [`and ${passedOver.length - LISTED} more in faults.json`] : [];
  const over = passedOver.length === 0 ? '' : `; passed over ${[...listed, ...more].join('; ')}`;
  return `${name} ${place}${over}${advice === undefined ? '' : ` (${advice})`}`;
}

const LISTED = 5;

function adviceFor(isDamaged: boolean, behind: number | undefined, passedOver: number): string | undefined {
  const parts = [
    ...(isDamaged ? ['built anew by a node that starts, beside what can still be read'] : []),
    ...(!isDamaged && (behind ?? 0) > 0 ? ['a node that runs catches up by itself'] : []),
    ...(passedOver > 0
      ? [
          'what was passed over is tried again by another version of the follower, or once its entry is taken out of faults.json while the node is stopped',
        ]
      : []),
  ];
  return parts.length === 0 ? undefined : parts.join('; ');
}

/** Damage can show up anywhere: one follower's must not hide the others'. */
function tried<T>(onFault: (what: string) => void, work: () => T): T | undefined {
  try {
    return work();
  } catch (error) {
    onFault(`cannot be read: ${(error as Error).message}`);
    return undefined;
  }
}
