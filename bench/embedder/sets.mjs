import { readFileSync } from 'node:fs';

/** Development sets of ../shared/data: labelled pairs, texts with the teacher's vectors, and collections with judgements. */
export function readSets(data) {
  const text = (path) => readFileSync(new URL(path, data), 'utf8');
  const table = (path) =>
    text(path)
      .split('\n')
      .filter(Boolean)
      .map((line) => line.split('\t'));
  const words = (path) => table(path).map(([a, b, score]) => ({ a, b, score: Number(score) }));
  return {
    pairs: {
      'STS-B dev': table('similarity/stsb_dev.tsv')
        .slice(1)
        .map(([, score, a, b]) => ({ a, b, score: Number(score) })),
      'SICK, shared half': table('similarity/sick.tsv')
        .slice(1)
        .map(([, a, b, score]) => ({ a, b, score: Number(score) })),
      'SimLex-999': words('similarity/EN-SIMLEX-999.txt'),
      'WordSim-353': words('similarity/EN-WS-353-ALL.txt'),
    },
    agreement: Object.fromEntries(['ag_news', 'jeopardy'].map((name) => [name, taught(data, name)])),
    collections: Object.fromEntries(
      ['cranfield', 'npl'].map((name) => {
        const documents = text(`ir/${name}/corpus.jsonl`)
          .split('\n')
          .filter(Boolean)
          .map((line) => JSON.parse(line));
        const queries = JSON.parse(text(`ir/${name}/queries.json`));
        return [
          name,
          {
            ids: documents.map((d) => String(d.id)),
            texts: documents.map((d) => (d.title ? `${d.title} ${d.text}` : d.text)),
            queries: queries.map((q) => ({
              text: q.text,
              relevant: new Set(Array.isArray(q.rel) ? q.rel.map(String) : Object.keys(q.rel)),
            })),
            teacher: {
              documents: readHalves(new URL(`embeddings/two-models/${name}_docs.minilm.f16.npy`, data)),
              queries: readHalves(new URL(`embeddings/two-models/${name}_queries.minilm.f16.npy`, data)),
            },
          },
        ];
      }),
    ),
    stsbTeacher: taught(data, 'stsb_dev'),
  };
}

function taught(data, name) {
  return {
    texts: JSON.parse(readFileSync(new URL(`embeddings/two-models/${name}.texts.json`, data), 'utf8')),
    vectors: readHalves(new URL(`embeddings/two-models/${name}.minilm.f16.npy`, data)),
  };
}

/** Rows of a float16 NPY file as Float32Arrays. */
function readHalves(url) {
  const bytes = readFileSync(url);
  const size = bytes.readUInt16LE(8);
  const [, rows, dims] = /'shape': \((\d+), (\d+)\)/.exec(bytes.toString('latin1', 10, 10 + size));
  const out = [];
  let at = 10 + size;
  for (let row = 0; row < Number(rows); row++) {
    const vector = new Float32Array(Number(dims));
    for (let i = 0; i < vector.length; i++, at += 2) vector[i] = fromHalf(bytes.readUInt16LE(at));
    out.push(vector);
  }
  return out;
}

function fromHalf(bits) {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 31;
  const fraction = bits & 1023;
  return sign * (exponent === 0 ? fraction * 2 ** -24 : (1 + fraction / 1024) * 2 ** (exponent - 15));
}
