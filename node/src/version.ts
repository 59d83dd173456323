import { createRequire } from 'node:module';
import { dirname } from 'node:path';

// By its name: what is bundled lies elsewhere than what was compiled.
const require = createRequire(import.meta.url);
const manifest = '@cosmicembeddings/node/package.json';

/** Version of this package. */
export const { version } = require(manifest) as { version: string };
/** Where this package lies. */
export const packageFolder = dirname(require.resolve(manifest));
