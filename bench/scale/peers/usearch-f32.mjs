import { usearchPeer } from './usearch.mjs';

export const open = (options) => usearchPeer('F32', options);
