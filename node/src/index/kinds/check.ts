import type { KeptFollower } from '../../follow/kept-follower.js';
import type { JudgingPlace } from './index.js';

/** Judging blocks anew keeps its place in the store; where there is none it has nothing to do. */
export const kindsFollower: KeptFollower<'kinds'> = {
  name: 'kinds',
  answers: true,
  position: ({ upkeep }) => {
    const place = upkeep.judgingPlace();
    return place === undefined ? upkeep.head() : (JSON.parse(place) as JudgingPlace).cursor;
  },
  damage: () => [],
};
