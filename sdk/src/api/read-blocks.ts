import type { BlockId } from '../block/types.js';
import { decodeFirst, isMap, type Value } from '../codec/index.js';
import { CosmicError } from '../errors.js';
import type { EraseReason, SignedBlock } from '../ports/index.js';
import { ask, bytesOf, type RequestHost } from './request.js';

/** Ids of one request. */
const IDS_MAX = 256;

/**
 * Many blocks, in the order asked; what an answer had no room for is asked for again.
 * @throws CosmicError what a node refuses with; node.unreachable for an answer of another form
 */
export async function readBlocks(
  host: RequestHost,
  ids: readonly BlockId[],
  signal?: AbortSignal,
): Promise<(SignedBlock | undefined)[]> {
  const found = new Map<BlockId, SignedBlock>();
  let wanted: readonly BlockId[] = [...new Set(ids)];
  while (wanted.length > 0) {
    const asked = wanted.slice(0, IDS_MAX);
    const data = JSON.stringify({ ids: asked });
    const response = await ask(host, '/v2/blocks/read', {
      method: 'POST',
      accept: 'application/cbor-seq',
      body: { type: 'application/json', data },
      signal,
    });
    const lines = linesOf(await bytesOf(response, host.url, signal), host.url);
    if (lines.length !== asked.length || lines.some((line, i) => line.id !== asked[i]))
      throw new CosmicError('node.unreachable', `${host.url}: other blocks were answered than were asked for`);
    for (const line of lines) if ('wire' in line) found.set(line.id, line);
    const left = lines.flatMap((line) => ('code' in line && line.code === 'request.too_large' ? [line.id] : []));
    if (left.length === asked.length) throw new CosmicError('node.unreachable', `${host.url}: answers no block`);
    wanted = [...left, ...wanted.slice(IDS_MAX)];
  }
  return ids.map((id) => found.get(id));
}

type Line = SignedBlock | { readonly id: BlockId; readonly code: string };

function linesOf(bytes: Uint8Array, url: string): Line[] {
  const lines: Line[] = [];
  try {
    for (let rest = bytes; rest.length > 0;) {
      const { value, end } = decodeFirst(rest);
      lines.push(lineOf(value));
      rest = rest.subarray(end);
    }
  } catch (cause) {
    throw new CosmicError('node.unreachable', `${url}: the answer is no sequence of blocks`, { cause });
  }
  return lines;
}

function lineOf(value: Value): Line {
  if (!isMap(value) || typeof value['id'] !== 'string') throw new TypeError('no line of an answer');
  const { id, seq, firstSeenMs, wire, erased, code } = value;
  if (!(wire instanceof Uint8Array)) return { id, code: String(code) };
  return {
    id,
    seq: Number(seq),
    firstSeenMs: Number(firstSeenMs),
    wire,
    ...(erased === undefined ? {} : { erased: erased as EraseReason }),
  };
}
