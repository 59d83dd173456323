import { keptIn } from '../vectors/kept.js';

/** Rows that this node made of texts. Their spaces are those of its settings, whether a block is in one or not. */
export const keptHome = keptIn('home', () => 'the setting `home` of this node');
