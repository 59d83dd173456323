import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The data of others lies beside the checkout. */
export const shared = join(dirname(fileURLToPath(import.meta.url)), '..', '..', '..', 'shared', 'data');

/** Documents, queries and relevance labels of one collection: `{name, documents: text[], queries: {text, relevant: Set<document>}[]}`. */
export function readCollection(name) {
  const folder = join(shared, 'ir', name);
  if (!existsSync(folder)) return undefined;
  const documents = readFileSync(join(folder, 'corpus.jsonl'), 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
  const place = new Map(documents.map(({ id }, i) => [String(id), i]));
  const queries = JSON.parse(readFileSync(join(folder, 'queries.json'), 'utf8')).map(({ text, rel }) => {
    const ids = Array.isArray(rel) ? rel : Object.keys(rel);
    return { text, relevant: new Set(ids.map((id) => place.get(String(id))).filter((at) => at !== undefined)) };
  });
  return {
    name,
    documents: documents.map(({ title, text }) => (title === undefined ? text : `${title} ${text}`)),
    queries,
  };
}

/** Rows of a two-dimensional NPY file, as Float32Array each (`<f2` or `<f4`). */
export function readNpy(path) {
  const bytes = readFileSync(path);
  const headLength = bytes.readUInt16LE(8);
  const head = bytes.subarray(10, 10 + headLength).toString('latin1');
  const kind = /'descr': '(<f[24])'/.exec(head)[1];
  const [, n, dims] = /'shape': \((\d+), (\d+)\)/.exec(head).map(Number);
  const view = new DataView(bytes.buffer, bytes.byteOffset + 10 + headLength);
  const size = kind === '<f2' ? 2 : 4;
  return Array.from({ length: n }, (_, row) =>
    Float32Array.from({ length: dims }, (_, i) => {
      const at = (row * dims + i) * size;
      return size === 4 ? view.getFloat32(at, true) : half(view.getUint16(at, true));
    }),
  );
}

function half(bits) {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 31;
  const fraction = bits & 1023;
  return sign * (exponent === 0 ? fraction * 2 ** -24 : 2 ** (exponent - 15) * (1 + fraction / 1024));
}

/** nDCG@10 with binary gains. */
export function ndcg10(found, relevant) {
  let [gain, ideal] = [0, 0];
  for (let i = 0; i < 10; i++) {
    if (i < found.length && relevant.has(found[i])) gain += 1 / Math.log2(i + 2);
    if (i < relevant.size) ideal += 1 / Math.log2(i + 2);
  }
  return ideal === 0 ? 0 : gain / ideal;
}
