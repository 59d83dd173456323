/** All that a page needs to verify a block and show it. */
import { checkBlock } from '../../sdk/dist/block/index.js';
import { sha256, verify } from '../../sdk/dist/crypto/index.js';
import { createRegistry } from '../../sdk/dist/kinds/index.js';
import { corePlugins } from '../../sdk/dist/plugins/index.js';
import { createSky } from '../../sdk/dist/sky/index.js';

const checks = { network: 'dev', registry: createRegistry(corePlugins), verify, sha256, sky: createSky() };
export const check = (wire) => checkBlock(wire, checks);
