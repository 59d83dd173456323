import type { KeptFollower } from '../../follow/kept-follower.js';
import { checkedIn } from '../vectors/check.js';

/** Rows that this node made of texts: their checksums. Which texts there are is not looked up: what lacks is made again. */
export const homeFollower: KeptFollower<'home'> = {
  name: 'home',
  // Without it all that authors signed is found: it must not hold up who waits until a block is indexed.
  answers: false,
  ...checkedIn('home', () => 0),
};
