import { usearchPeer } from './usearch.mjs';

export const open = (options) => usearchPeer('I8', options);
