import type { Checks } from '../block/index.js';
import { sha256, verify } from '../crypto/index.js';
import { createRegistry, type Plugin } from '../kinds/index.js';
import { corePlugins } from '../plugins/index.js';
import { createSky } from '../sky/index.js';

/** The portable set of checks: what a browser, the CLI and every other reader judges blocks with. */
export function portableChecks(network: string, plugins: readonly Plugin[] = corePlugins): Checks {
  return { network, registry: createRegistry(plugins), verify, sha256, sky: createSky() };
}
