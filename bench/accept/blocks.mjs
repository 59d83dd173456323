/** Signed blocks for load: clustered 384-d unit vectors, 200 bytes of text each, a fixed seed, two authors. */
import { createHash, createPrivateKey, createPublicKey, randomBytes, sign } from 'node:crypto';
import { corePlugins, createBlock, createRegistry, packRows } from '@cosmicembeddings/sdk';
import { createSky } from '@cosmicembeddings/sdk/sky';

export const DIMS = 384;

/** mulberry32: the same numbers on every machine. */
export function randomOf(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

function gaussianOf(random) {
  return () => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
}

/** 200 centres in a 32-d latent, spread .6, projected to 384-d, noise .3, unit length: as figures of peers were taken. */
export function vectorsOf(seed) {
  const gaussian = gaussianOf(randomOf(seed));
  const random = randomOf(seed + 1);
  const latent = 32;
  const projection = Float64Array.from({ length: latent * DIMS }, () => gaussian() / Math.sqrt(latent));
  const centres = Array.from({ length: 200 }, () => Float64Array.from({ length: latent }, gaussian));
  return () => {
    const centre = centres[Math.floor(random() * centres.length)];
    const point = centre.map((x) => x + 0.6 * gaussian());
    const row = new Float32Array(DIMS);
    let squares = 0;
    for (let i = 0; i < DIMS; i++) {
      let x = ((0.3 * gaussian()) / Math.sqrt(latent)) * 4;
      for (let j = 0; j < latent; j++) x += point[j] * projection[j * DIMS + i];
      row[i] = x;
      squares += x * x;
    }
    const factor = 1 / Math.sqrt(squares);
    return row.map((x) => x * factor);
  };
}

export const benchSpace = {
  model: 'bench/clustered',
  revision: '1',
  weights: null,
  precision: 'fp32',
  dims: DIMS,
  metric: 'cosine',
  pooling: null,
  normalized: true,
  query_prefix: '',
  passage_prefix: '',
  max_tokens: null,
  endpoint: null,
};

/** Signs with OpenSSL, which is faster than the portable signer; the signature is the same (RFC 8032 is deterministic). */
export function fastSigner(seed) {
  const key = createPrivateKey({
    key: Buffer.concat([Buffer.from('302e020100300506032b657004220420', 'hex'), seed]),
    format: 'der',
    type: 'pkcs8',
  });
  const publicKey = new Uint8Array(createPublicKey(key).export({ format: 'der', type: 'spki' }).subarray(12));
  return { publicKey, sign: (message) => new Uint8Array(sign(null, message, key)) };
}

const WORDS =
  'sky star moon sun planet block node agent vector meaning ledger peer signature hash time place search query index river mountain forest ocean city music history science language'.split(
    ' ',
  );

/** `count` wire blocks of `rows` rows each; one in a hundred is tagged `rare`, unless told otherwise. */
export async function makeBlocks(
  count,
  {
    rows = 1,
    seed = 1,
    textBytes = 200,
    startMs = Date.now() - count * 1000,
    tagsOf = (i) => [i % 100 === 0 ? 'rare' : 'common'],
  } = {},
) {
  const author = {
    network: 'dev',
    registry: createRegistry(corePlugins),
    sky: createSky(),
    salt: () => new Uint8Array(randomBytes(16)),
  };
  const signers = [
    fastSigner(createHash('sha256').update(`author a ${seed}`).digest()),
    fastSigner(createHash('sha256').update(`author b ${seed}`).digest()),
  ];
  const next = vectorsOf(seed);
  const random = randomOf(seed + 2);
  const text = () => {
    let out = '';
    while (out.length < textBytes) out += WORDS[Math.floor(random() * WORDS.length)] + ' ';
    return out.slice(0, textBytes);
  };
  const wires = [];
  const vectors = [];
  for (let i = 0; i < count; i++) {
    const own = Array.from({ length: rows }, next);
    vectors.push(...own);
    const texts = own.map(text);
    const block = await createBlock(
      {
        kind: 'embedding/1',
        timeMs: startMs + i * 1000,
        place: { lat: 40_416_800, lon: -3_703_800, elevation: 650_000 },
        tags: tagsOf(i),
        fields: {
          space: benchSpace,
          embedding: { ...packRows(own, 'f32') },
          input_type: 'text',
          input_reference: texts.map((one) => ({
            hash: new Uint8Array(createHash('sha256').update(one).digest()),
            origin: `doc-${i}`,
          })),
          texts,
        },
      },
      { ...author, signer: signers[i % 2] },
    );
    wires.push(block.wire);
  }
  return { wires, vectors };
}
