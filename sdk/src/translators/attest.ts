import { equalBytes, utf8 } from '../bytes.js';
import { sha256 as portableSha256, type Sha256 } from '../crypto/hash.js';
import { CosmicError } from '../errors.js';
import type { AttestBody, EmbeddingBody } from '../kinds/index.js';
import type { Embedder } from '../ports/index.js';
import { canaryRole, cosine, unpackRow, type Canary } from '../space/index.js';

/** What an `attest/1` block says, before it is signed. */
export interface Attestation {
  readonly agrees: boolean;
  /** The least of all rows. */
  readonly cosine: number;
  readonly rows: number;
  readonly fields: AttestBody;
}

/** Other runtimes, builds for other processors and storage in a byte a number stay above this least cosine. */
export const attestTolerance = 0.98;
/** Rows that are computed, evenly spread over the block. */
const ROWS_MAX = 64;

/**
 * Computes vectors of a block anew, from the texts that it carries and whose hash is what was embedded.
 * `embedder`: of the block's space. @throws CosmicError attest.no_input; what `embed` throws
 */
export async function attestationOf(
  body: EmbeddingBody,
  embedder: Embedder,
  options: { readonly tolerance?: number; readonly sha256?: Sha256; readonly signal?: AbortSignal } = {},
): Promise<Attestation> {
  const { tolerance = attestTolerance, sha256 = portableSha256, signal } = options;
  const open = body.input_reference.flatMap(({ hash, origin }, row) => {
    const text = body.texts?.[row];
    // A text that was cut or tidied for reading is not what was embedded: it proves nothing either way.
    return text === null || text === undefined || hash === null || !equalBytes(hash, sha256(utf8(text)))
      ? []
      : [{ row, text, role: canaryRole(origin) ?? ('passage' as const) }];
  });
  if (open.length === 0)
    throw new CosmicError('attest.no_input', 'it carries no text with the hash of what was embedded');
  const some = open.filter(
    (_, i) =>
      open.length <= ROWS_MAX ||
      Math.floor((i * ROWS_MAX) / open.length) !== Math.floor(((i - 1) * ROWS_MAX) / open.length),
  );
  let [least, rows] = [1, 0];
  for (const { row, text, role } of some) {
    const vector = await vectorOf(embedder, text, role, signal);
    // A text in which the embedder finds nothing says nothing of the other rows.
    if (vector === undefined) continue;
    rows++;
    least = Math.min(least, cosine(vector, unpackRow(body.embedding, body.space.dims, row)));
  }
  if (rows === 0) throw new CosmicError('attest.no_input', 'the embedder finds nothing in its texts');
  const [cosine_e6, tolerance_e6] = [Math.round(least * 1e6), Math.round(tolerance * 1e6)];
  const said: AttestBody = {
    agrees: cosine_e6 >= tolerance_e6,
    cosine_e6,
    tolerance_e6,
    rows,
    runtime: `${embedder.space.model}${embedder.space.precision === null ? '' : ` ${embedder.space.precision}`}`.slice(
      0,
      120,
    ),
  };
  return { agrees: said.agrees, cosine: least, rows, fields: said };
}

async function vectorOf(
  embedder: Embedder,
  text: string,
  role: Canary['role'],
  signal?: AbortSignal,
): Promise<Float32Array | undefined> {
  try {
    const { vectors } = await embedder.embed([text], { role, ...(signal === undefined ? {} : { signal }) });
    return vectors[0];
  } catch (error) {
    if (error instanceof CosmicError && error.code === 'input.empty') return undefined;
    throw error;
  }
}
