import type { ValueMap } from '../../codec/value.js';
import { limits } from '../../limits.js';
import { bool, integer, struct, text } from '../../schema/index.js';
import { ownFields } from '../embedding.js';
import type { Kind } from '../kind.js';

/**
 * Body of `attest/1` (specs/kinds/attest.md): an agent that has the input of a block computed its vectors anew. The block
 * stands in the header, `refs: [{rel: "attests", id}]`: one.
 */
export interface AttestBody {
  /** Is the least cosine at least `tolerance_e6`? */
  readonly agrees: boolean;
  /** Of the rows that were computed, the least cosine to the signed ones, in millionths. */
  readonly cosine_e6: number;
  readonly tolerance_e6: number;
  /** Rows that were computed, of those that the block has. */
  readonly rows: number;
  /** What computed them, for people: embedder, library and version. */
  readonly runtime: string;
}

const schema = struct({
  agrees: bool,
  cosine_e6: integer(-1_000_000, 1_000_000),
  tolerance_e6: integer(0, 1_000_000),
  rows: integer(1, limits.rowsMax),
  runtime: text(128, { minBytes: 1 }),
});

export const attestKind: Kind<AttestBody> = {
  name: 'attest/1',
  describe: 'Says whether the vectors of a block are those of its input, by one who computed them anew.',
  maxBytes: 4096,
  schema: schema.json,
  refs: [{ rel: 'attests', min: 1, max: 1, what: 'the block whose vectors were computed anew' }],
  parse(_header, body: ValueMap) {
    const own = ownFields(body);
    const fault = schema(own, 'body');
    if (fault !== undefined) return { ok: false, code: 'kind.malformed', detail: fault };
    const parsed = own as unknown as AttestBody;
    return parsed.agrees === parsed.cosine_e6 >= parsed.tolerance_e6
      ? { ok: true, body: parsed }
      : { ok: false, code: 'kind.malformed', detail: 'body.agrees: not what cosine and tolerance say' };
  },
};
