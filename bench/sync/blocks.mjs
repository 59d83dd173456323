// Blocks whose signature nobody looks at: enough for measuring what carries them.
import { concatBytes, writeEnvelope } from '../../sdk/dist/index.js';
export { cidOf, DAG_CBOR, didOf, publicKeyOf, readEnvelope, sha256 } from '../../sdk/dist/index.js';

export function signHeader(header, body) {
  return concatBytes(writeEnvelope(header, new Uint8Array(64)), body);
}
