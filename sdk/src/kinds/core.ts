import { embeddingKind } from './embedding.js';
import { forksPlugin } from './forks/index.js';
import type { Kind, Plugin } from './kind.js';
import { retractPlugin } from './retract/index.js';
import { rotatePlugin } from './rotate/index.js';
import { sealedPlugin } from '../sealed/kind.js';
import { standingPlugin } from './standing/index.js';

/** What every node and author understands without configuration. */
export const corePlugins: readonly Plugin[] = [
  { name: 'embedding', kinds: [embeddingKind as Kind], views: [] },
  retractPlugin,
  rotatePlugin,
  standingPlugin,
  forksPlugin,
  sealedPlugin,
];
