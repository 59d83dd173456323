import { embeddingKind } from './embedding.js';
import type { Kind, Plugin } from './kind.js';

/** What every node and author understands without configuration. */
export const corePlugins: readonly Plugin[] = [{ name: 'core', kinds: [embeddingKind as Kind], views: [] }];
