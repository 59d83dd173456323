import { parseCid, RAW, type BlockId } from '@cosmicembeddings/sdk';
import type { StoreReader } from '../store/sqlite/index.js';
import { ID_BYTES, type PackedBlocks } from './cone-protocol.js';

/** Blocks with the labels of their rows, in few bytes: for another thread. */
export function packBlocks(ids: readonly BlockId[], reader: Pick<StoreReader, 'getEntries'>): PackedBlocks {
  const out = { ids: new Uint8Array(ID_BYTES * ids.length), labels: new Uint32Array(2 * ids.length) };
  ids.forEach((id, i) => {
    const cid = parseCid(id);
    out.ids[ID_BYTES * i] = cid.codec === RAW ? 1 : 0;
    out.ids.set(cid.digest!, ID_BYTES * i + 1);
    const [block] = reader.getEntries([id]);
    out.labels[2 * i] = block?.firstLabel ?? 0;
    out.labels[2 * i + 1] = block?.entry.rows ?? 0;
  });
  return out;
}
