import { ownFields } from '../../sdk/dist/kinds/index.js';
import { bytes, integer, list, orNull, struct, text } from '../../sdk/dist/schema/index.js';

const file = struct({
  name: text(200, { pattern: /^[a-z0-9][a-z0-9._-]*$/ }),
  bytes: integer(0, Number.MAX_SAFE_INTEGER),
  sha256: bytes(32, 32),
});
const fields = struct({
  version: text(100, { pattern: /^\d+\.\d+\.\d+/ }),
  // Null where what was packed is of no commit.
  commit: orNull(text(40, { pattern: /^[0-9a-f]{40}$/ })),
  files: list(file, 100, 1),
});

/** What a release consists of: its files with their hashes, and the commit that they were made from. */
export const releaseKind = {
  name: 'cosmicembeddings.release/1',
  describe: 'The files of a release, signed.',
  maxBytes: 65_536,
  schema: fields.json,
  parse(_header, body) {
    const own = ownFields(body);
    const fault = fields(own, 'body');
    return fault === undefined ? { ok: true, body: own } : { ok: false, code: 'kind.malformed', detail: fault };
  },
};
