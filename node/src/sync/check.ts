import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Cursor } from '@cosmicembeddings/sdk';
import type { KeptFollower } from '../follow/kept-follower.js';

/** Tells peers what is new from the moment that a node starts. */
export const announcementsFollower: KeptFollower<'announcements'> = {
  name: 'announcements',
  answers: false,
  position: () => undefined,
  damage: () => [],
};

/** Countersigns first sights, where that is switched on; a place that is lost costs second signatures. */
export const receiptsFollower: KeptFollower<'receipts'> = {
  name: 'receipts',
  answers: false,
  position: ({ folder }) => {
    const path = join(folder, 'receipts.json');
    if (!existsSync(path)) return undefined;
    const { epoch, seq } = JSON.parse(readFileSync(path, 'utf8')) as Partial<Cursor>;
    return typeof epoch === 'string' && typeof seq === 'number' ? { epoch, seq } : undefined;
  },
  damage: () => [],
};
