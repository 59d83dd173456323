/** What strangers can send and ask that costs a node most, each as one step of a client. None of it needs a key. */
import { connect } from 'node:net';
import { setImmediate } from 'node:timers';
import { WebSocket } from 'ws';
import { didOf, packRows, parseCid, publicKeyOf, sha256, utf8 } from '@cosmicembeddings/sdk';
import { PyFloat, Signer } from '@cosmicembeddings/sdk/python';
import { createSky } from '@cosmicembeddings/sdk/sky';
import { decodeFrame, encodeFrame } from '@cosmicembeddings/sdk/sync';
import { embeddingOf, signBlock, testSpace } from '@cosmicembeddings/sdk/testing';

const sky = createSky();
const seed = new Uint8Array(32).fill(11);
const CBOR = { 'content-type': 'application/cbor-seq' };
const JSON_TYPE = { 'content-type': 'application/json' };
export const dims = 64;
export const space = testSpace(`bench/${dims}`, dims, { precision: 'fp32' });

export function signed(kind, n, fields) {
  const timestamp = 1_690_000_000_000 + n * 1000;
  return signBlock({
    header: { version: 2, kind, timestamp, cosmic_signature: sky.stamp({ timeMs: timestamp }) },
    body: { salt: sha256(utf8(`${kind} ${n}`)).slice(0, 16), tags: [], linked_blocks: [], ...fields },
    seed: sha256(utf8(`author ${n % 50}`)),
    network: 'dev',
  });
}

export function vectorOf(n) {
  const hash = sha256(utf8(`vector ${n}`));
  const raw = Float32Array.from({ length: dims }, (_, i) => hash[i % 32] - 127.5 + ((n * i) % 7));
  const length = Math.hypot(...raw);
  return raw.map((x) => x / length);
}

/** An honest block: one row, 200 bytes of text. */
export const honest = (n) =>
  signed(
    'embedding/1',
    n,
    embeddingOf(space, [{ vector: vectorOf(n), text: `honest text ${n} `.padEnd(200, 'river stone ') }]),
  );

/** 60 rows of 64 KiB. */
export const longTexts = (n) =>
  signed(
    'embedding/1',
    n,
    embeddingOf(
      space,
      Array.from({ length: 60 }, (_, i) => ({
        vector: vectorOf(60 * n + i),
        text: `${n} ${i} `.padEnd(65_000, 'many long words '),
      })),
    ),
  );

export const large = (n) => signed('note.bench/1', n, { filler: new Uint8Array(4_190_000).fill(n) });
const items = (n) => signed('note.bench/1', n, { filler: Array.from({ length: 2_000_000 }, (_, i) => i % 20) });
const manyRows = (n) => {
  const wide = testSpace('bench/1000', 1000, { precision: 'fp32' });
  const row = new Float32Array(1000).fill(1 / Math.sqrt(1000));
  return signed('embedding/1', n, {
    space: wide,
    embedding: packRows(
      Array.from({ length: 1000 }, () => row),
      'f32',
    ),
    input_type: 'text',
    input_reference: Array.from({ length: 1000 }, () => ({ hash: new Uint8Array(32), origin: '' })),
  });
};

const signer = Signer.fromSeed(seed);
function pythonText(fill, n = 0) {
  const late = `"id":"a${n}","created_by":"b","cosmo_signature":"c","cosmo_hash":"d","cosmic_signature":"e","cosmic_hash":"f",`;
  const key = signer.getPublicKey();
  const signature = Buffer.concat([Buffer.from(key, 'base64'), Buffer.alloc(32, 1)]).toString('base64');
  const tail = `"signature":"${signature}","public_key":"${key}"}`;
  return `{${late}${fill(1024 * 1024 - late.length - tail.length - 40)},${tail}`;
}
const floats = (room) => `"embeddings":[[${'0.12345678901234567,'.repeat(Math.floor(room / 20))}0]]`;
const accents = (room) => `"content":"${'é'.repeat(Math.floor(room / 2))}"`;
const keys = (room) =>
  Array.from({ length: Math.floor(room / 12) }, (_, i) => `"${i.toString(36).padStart(5, '0')}":1.5`).join(',');
const jsonForm = () => `{"version":2,"x":[${'0.1,'.repeat(500_000)}1]}`;

const send = (url, path, headers, body) => fetch(url + path, { method: 'POST', headers, body });
const question = (more) => JSON.stringify({ vector: { space: space_id, values: [...vectorOf(1)] }, ...more });
let space_id;

const ids = { large: [], shared: undefined };

/** What has to be there before: blocks whose ids the attacks ask for. */
export async function prepare(url) {
  const { spaceIdOf } = await import('@cosmicembeddings/sdk');
  space_id = spaceIdOf(space);
  const publish = async (wire) =>
    (await (await send(url, '/v2/blocks?wait=indexed', CBOR, wire)).json()).results?.[0]?.id;
  for (let n = 0; n < 10; n++) ids.large.push(await publish(large(n)));
  ids.small = await publish(signed('note.bench/1', 99, { filler: Array.from({ length: 120_000 }, (_, i) => i % 20) }));
}

/** What `prepare` has published, for a process that attacks beside it; signing it anew takes longer than the attack. */
export const prepared = () => ({ ...ids, space: space_id });
export function usePrepared({ space: named, ...known }) {
  space_id = named;
  Object.assign(ids, known);
}

/** A peer that wants the largest blocks again and again and reads nothing. */
async function greedyPeer(url) {
  const socket = new WebSocket(url.replace('http', 'ws') + '/v2/peer', 'cosmic.1');
  await new Promise((resolve) => socket.once('open', resolve));
  const hello = new Promise((resolve) =>
    socket.on('message', (data) => decodeFrame(new Uint8Array(data)).frame?.type === 'hello' && resolve(undefined)),
  );
  const node = didOf(publicKeyOf(sha256(utf8(String(Math.random())))));
  socket.send(
    encodeFrame({ type: 'hello', version: 1, network: 'dev', node, limits: { frameBytes: 4_199_552, wants: 256 } }),
  );
  await Promise.race([hello, new Promise((resolve) => setTimeout(resolve, 1000))]);
  socket._socket?.pause();
  const wants = Array.from({ length: 250 }, (_, i) => parseCid(ids.large[i % ids.large.length]).digest);
  socket.send(encodeFrame({ type: 'want', ids: wants }));
  await new Promise((resolve) => setTimeout(resolve, 2000));
  socket.terminate();
}

/** Bytes of a request, written in pieces. */
function pieces(url, path, type, body, size) {
  return new Promise((resolve) => {
    const socket = connect(Number(new URL(url).port), '127.0.0.1');
    socket.on('error', resolve);
    socket.on('close', resolve);
    socket.on('data', () => socket.destroy());
    socket.write(
      `POST ${path} HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-type: ${type}\r\ncontent-length: ${body.length}\r\n\r\n`,
    );
    let at = 0;
    const more = () => {
      for (let i = 0; i < 200 && at < body.length && !socket.destroyed; i++)
        socket.write(body.subarray(at, (at += size)));
      if (at < body.length && !socket.destroyed) setImmediate(more);
    };
    more();
  });
}

let counter = 1000;
/** Each is called with the node's address, and resolves when its answer is there. */
export const attacks = {
  'version 1, 1 MiB of numbers': (url) => send(url, '/blocks', JSON_TYPE, pythonText(floats)),
  'version 1, 1 MiB of accents': (url) => send(url, '/blocks', JSON_TYPE, pythonText(accents)),
  'version 1, 1 MiB of keys': (url) => send(url, '/blocks', JSON_TYPE, pythonText(keys)),
  'a JSON form of 2 MB': (url) => send(url, '/v2/blocks', { 'content-type': 'application/x-ndjson' }, jsonForm()),
  'an unfinished line, in pieces of 64 bytes': (url) =>
    pieces(url, '/v2/blocks', 'application/x-ndjson', Buffer.alloc(2_000_000, 0x20), 64),
  '4 MiB of bytes': (url) => send(url, '/v2/blocks', CBOR, large(counter++)),
  '2 million small items': (url) => send(url, '/v2/blocks', CBOR, items(counter++)),
  '1000 rows of 1000 numbers': (url) => send(url, '/v2/blocks', CBOR, manyRows(counter++)),
  'one block with 60 long texts': (url) => send(url, '/v2/blocks', CBOR, longTexts(counter++)),
  '4 MiB as base64': (url) => fetch(`${url}/v2/blocks/${ids.large[0]}?vectors=base64`).then((r) => r.arrayBuffer()),
  '4 MiB as bytes': (url) => fetch(`${url}/v2/blocks/${ids.large[0]}`).then((r) => r.arrayBuffer()),
  'a block of small items as JSON': (url) =>
    fetch(`${url}/v2/blocks/${ids.small}?vectors=json`).then((r) => r.arrayBuffer()),
  'a list of the Python routes': (url) => fetch(`${url}/blocks?limit=1000`).then((r) => r.arrayBuffer()),
  'k = 10000': (url) => send(url, '/v2/search', JSON_TYPE, question({ k: 10_000 })).then((r) => r.arrayBuffer()),
  'k = 10000, every row': (url) =>
    send(url, '/v2/search', JSON_TYPE, question({ k: 10_000, rows: 'all' })).then((r) => r.arrayBuffer()),
  'k = 10000, collapsed': (url) =>
    send(url, '/v2/search', JSON_TYPE, question({ k: 10_000, collapse: true })).then((r) => r.arrayBuffer()),
  '64 KiB of words': (url) =>
    send(
      url,
      '/v2/search',
      JSON_TYPE,
      JSON.stringify({ text: 'river stone many long words '.repeat(2300), k: 100 }),
    ).then((r) => r.arrayBuffer()),
  'a question of 1 MiB': (url) =>
    send(url, '/v2/search', JSON_TYPE, `{"text":"a","x":[${'1,'.repeat(500_000)}1]}`).then((r) => r.arrayBuffer()),
  'wants for 4-MiB blocks, nothing read': greedyPeer,
};
export { PyFloat };
