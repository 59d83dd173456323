import type { ValueMap } from '../../codec/value.js';
import { struct, text } from '../../schema/index.js';
import { ownFields } from '../embedding.js';
import type { Kind } from '../kind.js';
import type { Plugin } from '../plugin.js';

/**
 * Body of `retract/1` (specs/kinds/retract.md). What is withdrawn stands in the header, `refs: [{rel: "retracts", id}]`,
 * so that it holds when this body is gone. It acts only on blocks of the same identity.
 */
export interface RetractBody {
  readonly reason?: string;
}

const schema = struct({}, { optional: { reason: text(1024) } });

export const retractKind: Kind<RetractBody> = {
  name: 'retract/1',
  describe: 'Withdraws blocks of the same identity.',
  maxBytes: 16 * 1024,
  schema: schema.json,
  refs: [{ rel: 'retracts', what: 'the block that is withdrawn' }],
  parse(_header, body: ValueMap) {
    const own = ownFields(body);
    const fault = schema(own, 'body');
    return fault === undefined
      ? { ok: true, body: own as RetractBody }
      : { ok: false, code: 'kind.malformed', detail: fault };
  },
};

export const retractPlugin: Plugin = { name: 'retract', kinds: [retractKind as Kind], views: [] };
