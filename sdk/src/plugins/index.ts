import { collectionPlugin, embeddingKind, retractPlugin, type Kind, type Plugin } from '../kinds/index.js';
import { sealedPlugin } from '../sealed/kind.js';
import { attestationsPlugin } from './attestations/index.js';
import { forksPlugin } from './forks/index.js';
import { identitiesPlugin } from './identities/index.js';
import { receiptsPlugin } from './receipts/index.js';
import { standingPlugin } from './standing/index.js';
import { translatorsPlugin } from './translators/index.js';

export { keysOfIdentity, withdrawalOf, type Asked } from './ask.js';

/** What every node and author understands without configuration. */
export const corePlugins: readonly Plugin[] = [
  { name: 'embedding', kinds: [embeddingKind as Kind], views: [] },
  retractPlugin,
  identitiesPlugin,
  standingPlugin,
  forksPlugin,
  sealedPlugin,
  receiptsPlugin,
  translatorsPlugin,
  attestationsPlugin,
  collectionPlugin,
];
