/**
 * More of what strangers can ask that costs a node most: MCP, embeddings, facets, views, watches, maps, spaces, translators,
 * collections, receipts, sealed blocks, and what peers say. As in attacks.mjs, each is one step of a client.
 */
import { createPrivateKey, randomBytes, sign } from 'node:crypto';
import { WebSocket } from 'ws';
import {
  cidOf,
  didOf,
  packRows,
  parseCid,
  publicKeyOf,
  receiptFields,
  sha256,
  spaceIdOf,
  utf8,
} from '@cosmicembeddings/sdk';
import { watchUri } from '@cosmicembeddings/sdk/mcp';
import { decodeFrame, encodeFrame, SKETCH_CELLS, statementOf } from '@cosmicembeddings/sdk/sync';
import { embeddingOf, testSpace } from '@cosmicembeddings/sdk/testing';
import { honest, longTexts, signed, space, vectorOf } from './attacks.mjs';

const CBOR = { 'content-type': 'application/cbor-seq' };
const JSON_TYPE = { 'content-type': 'application/json' };
const MCP = { ...JSON_TYPE, accept: 'application/json, text/event-stream' };

const send = async (url, path, headers, body) => {
  const answer = await fetch(url + path, { method: 'POST', headers, body });
  const bytes = await answer.arrayBuffer();
  if (process.env.SAY !== undefined)
    console.error('  ', answer.status, bytes.byteLength, Buffer.from(bytes).toString().slice(0, 300));
};
const get = async (url, path) => {
  const answer = await fetch(url + path);
  const bytes = await answer.arrayBuffer();
  if (process.env.SAY !== undefined)
    console.error('  ', answer.status, bytes.byteLength, Buffer.from(bytes).toString().slice(0, 300));
};
const publish = (url, wire) => send(url, '/v2/blocks', CBOR, wire);
const call = (id, name, args) => ({ jsonrpc: '2.0', id, method: 'tools/call', params: { name, arguments: args } });
const mcp = (url, body) => send(url, '/mcp', MCP, JSON.stringify(body));
const many = (n, make) => Array.from({ length: n }, (_, i) => make(i));
const nested = (depth) => '['.repeat(depth) + ']'.repeat(depth);

/** 64 conditions, 16 of them on texts. */
const heavyWhere = {
  $and: [
    ...many(16, (i) => ({ '#text': { $contains: `stone ${i}` } })),
    ...many(48, (i) => ({ [`key${i}`]: { $in: many(200, (j) => `value ${i} ${j}`).slice(0, 40) } })),
  ].map((one) => ({ $not: one })),
};

let counter = 50_000;
const ids = {};

export const preparedAround = () => ({ ...ids });
export const usePreparedAround = (known) => void Object.assign(ids, known);

/** A block that thousands of others speak of. */
export async function prepareAround(url) {
  const answer = await fetch(`${url}/v2/blocks?wait=indexed`, { method: 'POST', headers: CBOR, body: honest(7) });
  ids.target = (await answer.json()).results[0].id;
}

const stored = (dims, rows, dtype = 'i8') =>
  packRows(
    many(rows, (row) => Float32Array.from({ length: dims }, (_, i) => (i === row % dims ? 1 : 0.001))),
    dtype,
  );
const root = () => new Uint8Array(randomBytes(32));

/** A translator of absurd shape: tens of thousands of anchors of one number each. */
function flatTranslator(n) {
  const [from, to] = [testSpace(`bench/one-${n % 7}`, 1), testSpace(`bench/other-${n % 7}`, 1)];
  const rows = 40_000;
  const anchors = stored(1, rows);
  return signed('translator/1', n, {
    ...{ from, to, method: 'rbf', linear: null },
    ...{ center_from: new Uint8Array(4), center_to: new Uint8Array(4) },
    kernel: { form: 'power', width_e6: 64_000_000, coefficients: anchors },
    anchors: { n: rows, references: new Uint8Array(randomBytes(32 * rows)), root: root(), from: anchors, to: anchors },
    held_out: { references: new Uint8Array(32), from: stored(1, 1), to: stored(1, 1) },
    quality: { n: 1, recall_e6: 1_000_000, cosine_e6: 1_000_000, agreement_e6: 1_000_000 },
    domains: many(64, (i) => ({ name: `${i}`, n: 1, recall_e6: 0, cosine_e6: 0, agreement_e6: 0 })),
    nearness: { near_e6: 0, agreement_e6: 0, slope_e6: 0, hits_e6: 0 },
  });
}

/** One of the largest matrices that fit. */
function wideTranslator(n) {
  const [from, to] = [testSpace('bench/wide', 1800), testSpace(`bench/wide-to-${n % 7}`, 1800)];
  return signed('translator/1', n, {
    ...{ from, to, method: 'ridge', kernel: null },
    ...{ center_from: new Uint8Array(4 * 1800), center_to: new Uint8Array(4 * 1800) },
    linear: stored(1800, 1800),
    anchors: { n: 100, references: new Uint8Array(3200), root: root(), from: stored(1800, 100), to: stored(1800, 100) },
    held_out: { references: new Uint8Array(32), from: stored(1800, 1), to: stored(1800, 1) },
    quality: { n: 1, recall_e6: 1_000_000, cosine_e6: 1_000_000, agreement_e6: 1_000_000 },
    domains: [],
    nearness: { near_e6: 0, agreement_e6: 0, slope_e6: 0, hits_e6: 0 },
  });
}

const collection = (n) =>
  signed('collection/1', n, {
    collection: `collection ${n}`,
    space,
    metadata: Object.fromEntries(many(64, (i) => [`key ${i} ${n}`, 'x'.repeat(400)])),
  });

const receipt = (n) =>
  signed('receipt/1', n, receiptFields(many(1024, (i) => ({ id: idOf(`${n} ${i}`), seenMs: 1_690_000_000_000 }))));
const idOf = (text) => cidOf(0x71, sha256(utf8(text))).text;

/** Calls itself sealed, is noise. */
const sealed = (n) =>
  signed('sealed/1', n, {
    inner_kind: 'embedding/1',
    age: Buffer.concat([Buffer.from('age-encryption.org/v1\n'), Buffer.alloc(4_190_000, n)]),
  });

/** Rows with as much metadata as fits. */
function facts(n) {
  const rows = 60;
  return signed('embedding/1', n, {
    space,
    embedding: packRows(
      many(rows, (i) => vectorOf(i)),
      'f32',
    ),
    input_type: 'text',
    input_reference: many(rows, () => ({ hash: new Uint8Array(32), origin: '' })),
    metadata: many(rows, (row) =>
      Object.fromEntries(many(60, (i) => [`key${i}`, `${n} ${row} ${i} ${'é'.repeat(200)}`])),
    ),
  });
}

/** A peer that proves who it is, says its frames and listens for a while. */
function peer(url, hello, frames, ms = 1500) {
  return new Promise((resolve) => {
    const socket = new WebSocket(url.replace('http', 'ws') + '/v2/peer', 'cosmic.1');
    const seed = randomBytes(32);
    const node = didOf(publicKeyOf(seed));
    let own;
    let theirs;
    socket.on('error', resolve);
    socket.on('close', resolve);
    socket.on('message', (data) => {
      const wire = new Uint8Array(data);
      const { frame } = decodeFrame(wire);
      if (process.env.SAY !== undefined && frame?.type === 'bye') console.error('   bye', frame.code, frame.detail);
      if (frame?.type === 'hello') {
        theirs = wire;
        const limits = { frameBytes: 4_199_552, wants: 256 };
        const said = {
          type: 'hello',
          version: 2,
          network: 'dev',
          node,
          limits,
          nonce: randomBytes(32),
          time: Date.now(),
        };
        own = encodeFrame({ ...said, features, expects: frame.node, ...hello });
        socket.send(own);
      } else if (frame?.type === 'prove') {
        socket.send(encodeFrame({ type: 'prove', signature: signWith(seed, statementOf('dialler', own, theirs)) }));
        for (const one of frames) socket.send(one instanceof Uint8Array ? one : encodeFrame(one));
        setTimeout(() => socket.close(), ms);
      }
    });
  });
}
const PKCS8 = Buffer.from('302e020100300506032b657004220420', 'hex');
const signWith = (seed, message) =>
  sign(null, message, createPrivateKey({ key: Buffer.concat([PKCS8, seed]), format: 'der', type: 'pkcs8' }));
const features = ['sketch', 'equal', 'feed', 'exchange', 'coverage'];
const tags = (n, each) => many(n, (i) => [...`${i}`.padStart(each, 'x')].join(''));
const coverage = (n) => many(20, (i) => ({ tagsAny: tags(16, 8).map((tag) => `${n}${i}${tag}`.slice(0, 9)) }));
const digests = (n) => many(n, (i) => sha256(utf8(`${i}`)));

/** One row of 3.9 MB of text under an id of one author's own. */
export const version = (n) =>
  signed('embedding/1', 50 * n, {
    ...embeddingOf(
      space,
      many(60, (i) => ({ vector: vectorOf(i), text: `${n} ${i} `.padEnd(65_000, 'many long words ') })),
    ),
    document: 'one id',
  });
const ofVersions = didOf(publicKeyOf(sha256(utf8('author 0'))));

export const around = {
  'mcp: an id of many large versions': (url) => mcp(url, call(1, 'cosmic_get', { id: 'one id', author: ofVersions })),
  'mcp: a list of large documents': (url) => mcp(url, call(1, 'cosmic_list', { authors: [ofVersions] })),
  'mcp: a search that hits large documents': (url) =>
    mcp(
      url,
      call(1, 'cosmic_search', { query: 'many long words', authors: [ofVersions], k: 50, min_strength: 'weak' }),
    ),
  'mcp: eight lists of large documents': (url) =>
    mcp(
      url,
      many(8, (id) => call(id, 'cosmic_list', { authors: [ofVersions] })),
    ),
  'a block of long texts while 64 watch for texts': async (url) => {
    const watching = many(64, (n) =>
      watchFor(
        url,
        { filter: { where: { $or: many(16, (i) => ({ '#text': { $contains: `stone ${n} ${i}` } })) } } },
        3000,
      ),
    );
    await publish(url, longTexts(counter++));
    await Promise.all(watching);
  },
  'mcp: a batch that reads questions that stand': (url) =>
    mcp(
      url,
      many(100, (id) => ({
        jsonrpc: '2.0',
        id,
        method: 'resources/read',
        params: { uri: watchUri({ near: `river stone ${id}`, minScore: -1 }) },
      })),
    ),
  'mcp: one question that stands': (url) =>
    mcp(url, {
      jsonrpc: '2.0',
      id: 1,
      method: 'resources/read',
      params: { uri: watchUri({ near: 'river stone '.repeat(110), minScore: -1 }) },
    }),
  'mcp: one question that stands, of texts': (url) =>
    mcp(url, {
      jsonrpc: '2.0',
      id: 1,
      method: 'resources/read',
      params: {
        uri: watchUri({
          near: 'river',
          minScore: -1,
          where: { $or: many(16, (i) => ({ '#text': { $contains: `s${i}` } })) },
        }),
      },
    }),
  'mcp: a batch of lists of tools': (url) =>
    mcp(
      url,
      many(100, (id) => ({ jsonrpc: '2.0', id, method: 'tools/list', params: {} })),
    ),
  'mcp: a batch of pings': (url) =>
    mcp(
      url,
      many(100, (id) => ({ jsonrpc: '2.0', id, method: 'ping' })),
    ),
  'mcp: a list of tools': (url) => mcp(url, { jsonrpc: '2.0', id: 1, method: 'tools/list', params: {} }),
  'mcp: eight searches at once': (url) =>
    mcp(
      url,
      many(8, (id) =>
        call(id, 'cosmic_search', { query: 'river stone many long words '.repeat(290), k: 50, min_strength: 'weak' }),
      ),
    ),
  'mcp: a search under many conditions': (url) =>
    mcp(url, call(1, 'cosmic_search', { query: 'river stone', k: 50, min_strength: 'weak', where: heavyWhere })),
  'mcp: a search of 8 KiB': (url) =>
    mcp(url, call(1, 'cosmic_search', { query: 'many long words '.repeat(510), k: 50, min_strength: 'weak' })),
  'mcp: a list under many conditions': (url) => mcp(url, call(1, 'cosmic_list', { where: heavyWhere })),
  'mcp: what is new, near long words': (url) =>
    mcp(url, call(1, 'cosmic_since', { near: 'many long words '.repeat(510), where: heavyWhere })),
  'mcp: what a view answers, a thousand rows': (url) =>
    mcp(url, call(1, 'cosmic_view_translators_all', { limit: 1000 })),
  'mcp: deep arguments': (url) =>
    send(
      url,
      '/mcp',
      MCP,
      `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"cosmic_search","arguments":{"query":"a","where":${nested(250_000)}}}}`,
    ),
  'mcp: wide arguments': (url) =>
    send(
      url,
      '/mcp',
      MCP,
      `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"cosmic_search","arguments":{"query":"a",${many(60_000, (i) => `"k${i}":1`)}}}}`,
    ),
  'mcp: signed blocks in base64': (url) =>
    mcp(url, call(1, 'cosmic_publish_signed', { blocks: many(16, () => 'A'.repeat(60_000)) })),
  'mcp: sixteen subscriptions of texts': (url) => listen(url),
  'embeddings: 2,048 texts': (url) =>
    send(
      url,
      '/v1/embeddings',
      JSON_TYPE,
      JSON.stringify({ input: many(2048, (i) => `${i} `.padEnd(480, 'many long words ')) }),
    ),
  'embeddings: 64 texts of 1,024': (url) =>
    send(
      url,
      '/v1/embeddings',
      JSON_TYPE,
      JSON.stringify({ input: many(64, (i) => `${i} `.padEnd(1024, 'many long words ')) }),
    ),
  'embeddings: one text of 1 MB': (url) =>
    send(url, '/v1/embeddings', JSON_TYPE, JSON.stringify({ input: 'ab1 é'.repeat(190_000) })),
  'facets under many conditions': (url) =>
    send(url, '/v2/facets', JSON_TYPE, JSON.stringify({ values: 100, filter: { where: heavyWhere } })),
  'facets of all': (url) => send(url, '/v2/facets', JSON_TYPE, JSON.stringify({ values: 100 })),
  'facets of a thousand tags': (url) =>
    send(
      url,
      '/v2/facets',
      JSON_TYPE,
      JSON.stringify({
        values: 100,
        filter: { tagsAll: many(1000, (i) => `t${i}`), tagsAny: many(1000, (i) => `t${i}`) },
      }),
    ),
  'a search of a thousand spaces': (url) =>
    send(
      url,
      '/v2/search',
      JSON_TYPE,
      JSON.stringify({ text: 'river', k: 100, spaces: many(1000, (i) => `space${i}`.padEnd(128, 'x')) }),
    ),
  'a search of 64 KiB of different words, explained': (url) =>
    send(
      url,
      '/v2/search',
      JSON_TYPE,
      JSON.stringify({
        text: many(9000, (i) => `w${i.toString(36)}`).join(' '),
        k: 1000,
        explain: true,
        verdicts: true,
      }),
    ),
  'a search of 64 KiB of different words': (url) =>
    send(
      url,
      '/v2/search',
      JSON_TYPE,
      JSON.stringify({ text: many(9000, (i) => `w${i.toString(36)}`).join(' '), k: 10 }),
    ),
  'a search of verdicts for a thousand': (url) =>
    send(url, '/v2/search', JSON_TYPE, JSON.stringify({ text: 'river', k: 1000, verdicts: true })),
  'a search with many trusted': (url) =>
    send(
      url,
      '/v2/search',
      JSON_TYPE,
      JSON.stringify({ text: 'river', k: 1000, trusted: many(1000, (i) => `did:key:z${i}`.padEnd(900, 'x')) }),
    ),
  'a watch of a vector': (url) =>
    watchFor(url, { near: { vector: { space: spaceIdOf(space), values: [...vectorOf(3)] } }, minScore: -1 }),
  'a watch under many conditions': (url) =>
    watchFor(url, { near: { text: 'river stone' }, filter: { where: heavyWhere } }),
  'a watch like a block of many rows': (url) => watchFor(url, { near: { like: { id: ids.target } }, minScore: -1 }),
  'a watch of 64 KiB of words': (url) => watchFor(url, { near: { text: 'many long words '.repeat(4000) } }),
  spaces: (url) => get(url, '/v2/spaces'),
  'a map': (url) => get(url, `/v2/map?space=${spaceIdOf(space)}`),
  'rows of a map': (url) =>
    send(
      url,
      '/v2/map/rows',
      JSON_TYPE,
      JSON.stringify({
        labels: many(1000, (i) => i),
        hits: many(1000, (i) => ({ id: i % 2 ? ids.target : idOf(`${i}`), row: i })),
      }),
    ),
  'a view: all translators': (url) => get(url, '/v2/views/translators/all?limit=1000'),
  'a view: all claims': (url) => get(url, '/v2/views/standing/claims?limit=1000'),
  verdicts: (url) => get(url, `/v2/blocks/${ids.target}/verdicts`),
  openapi: (url) => get(url, '/openapi.json'),
  plugins: (url) => get(url, '/v2/plugins'),
  status: (url) => get(url, '/v2/status'),
  'a translator of one number': (url) => publish(url, flatTranslator(counter++)),
  'a translator of 4 MiB': (url) => publish(url, wideTranslator(counter++)),
  'a collection with much metadata': (url) => publish(url, collection(counter++)),
  'a receipt of 1,024': (url) => publish(url, receipt(counter++)),
  'a sealed block of noise': (url) => publish(url, sealed(counter++)),
  'rows with much metadata': (url) => publish(url, facts(counter++)),
  '4 MiB of receipts': (url) => publish(url, Buffer.concat(many(60, () => receipt(counter++)))),
  '4 MiB of small blocks': (url) =>
    publish(url, Buffer.concat(many(3000, () => signed('embedding/1', counter++, one(counter))))),
  '4 MiB of spaces': (url) =>
    publish(
      url,
      Buffer.concat(
        many(2000, () => signed('embedding/1', counter++, one(counter, testSpace(`bench/many-${counter}`, 64)))),
      ),
    ),
  '4 MiB of retractions': (url) => publish(url, Buffer.concat(many(5000, () => retraction(counter++)))),
  'peer: coverage of its own': (url) => peer(url, { features, coverage: coverage(counter++) }, [{ type: 'settled' }]),
  'peer: relays again and again': (url) =>
    peer(
      url,
      { features },
      many(200, (n) => ({
        type: 'relays',
        relays: many(64, (i) => ({ hops: 1, coverage: [{ tagsAny: [`${n} ${i}`] }] })),
      })),
    ),
  'peer: equal again and again': (url) =>
    peer(
      url,
      { features },
      many(200, () => ({
        type: 'equal',
        items: true,
        ranges: many(16, (i) => ({
          from: { timeMs: 0, digest: sha256(utf8(`${i}`)) },
          to: { timeMs: 2 ** 50, digest: sha256(utf8(`${i}`)) },
        })),
      })),
    ),
  'peer: sketches again and again': (url) =>
    peer(
      url,
      { features },
      many(200, () => ({ type: 'sketch', from: 0, cells: SKETCH_CELLS, counts: 0 })),
    ),
  'peer: feeds again and again': (url) =>
    peer(
      url,
      { features },
      many(500, () => ({ type: 'feed' })),
    ),
  'peer: haves of nothing': (url) =>
    peer(
      url,
      { features },
      many(50, (n) => ({
        type: 'have',
        items: many(1024, (i) => ({ timeMs: 1_690_000_000_000 + i, digest: sha256(utf8(`${n} ${i}`)) })),
      })),
    ),
  'peer: wants of what is not here': (url) =>
    peer(
      url,
      { features },
      many(200, () => ({ type: 'want', ids: digests(256) })),
    ),
  'peer: pings': (url) =>
    peer(
      url,
      { features },
      many(20_000, (nonce) => ({ type: 'ping', nonce })),
    ),
  'peer: asks for addresses': (url) =>
    peer(
      url,
      { features },
      many(5000, () => ({ type: 'peers' })),
    ),
  'peer: frames of 4 MiB of small items': (url) =>
    peer(
      url,
      { features },
      many(3, () => manyItems()),
    ),
};

/** A frame nobody knows, of two million numbers. */
function manyItems() {
  return encodeRaw({ type: 'unheard', list: many(3_000_000, (i) => i % 20) });
}
import { encode } from '@cosmicembeddings/sdk';
let raw;
function encodeRaw(value) {
  return (raw ??= encode(value));
}

function one(n, where = space) {
  return {
    space: where,
    embedding: packRows([vectorOf(n)], 'f32'),
    input_type: 'text',
    input_reference: [{ hash: new Uint8Array(32), origin: '' }],
  };
}
import { signBlock } from '@cosmicembeddings/sdk/testing';
import { createSky } from '@cosmicembeddings/sdk/sky';
const sky = createSky();
function retraction(n) {
  const timestamp = 1_690_000_000_000 + n * 1000;
  return signBlock({
    header: {
      version: 2,
      kind: 'retract/1',
      timestamp,
      refs: [{ rel: 'retracts', id: parseCid(ids.target) }],
      cosmic_signature: sky.stamp({ timeMs: timestamp }),
    },
    body: { salt: sha256(utf8(`r ${n}`)).slice(0, 16), tags: [], linked_blocks: [] },
    seed: sha256(utf8(`author ${n % 50}`)),
    network: 'dev',
  });
}

async function watchFor(url, asked, ms = 1500) {
  const ended = new AbortController();
  setTimeout(() => ended.abort(), ms);
  try {
    const answer = await fetch(`${url}/v2/watch`, {
      method: 'POST',
      headers: JSON_TYPE,
      body: JSON.stringify(asked),
      signal: ended.signal,
    });
    if (process.env.SAY !== undefined) console.error('  ', answer.status);
    await answer.text();
  } catch {
    // It was given up.
  }
}

async function listen(url, ms = 1500) {
  const ended = new AbortController();
  setTimeout(() => ended.abort(), ms);
  const uris = many(16, (n) =>
    watchUri({
      near: `river ${n}`,
      minScore: -1,
      where: { $or: many(16, (i) => ({ '#text': { $contains: `s${i}${n}` } })) },
    }),
  );
  const meta = {
    'io.modelcontextprotocol/protocolVersion': '2026-07-28',
    'io.modelcontextprotocol/clientInfo': { name: 'a', version: '1' },
    'io.modelcontextprotocol/clientCapabilities': {},
  };
  const body = {
    jsonrpc: '2.0',
    id: 1,
    method: 'subscriptions/listen',
    params: { _meta: meta, notifications: { resourceSubscriptions: uris } },
  };
  try {
    const answer = await fetch(`${url}/mcp`, {
      method: 'POST',
      headers: { ...MCP, 'mcp-protocol-version': '2026-07-28', 'mcp-method': 'subscriptions/listen' },
      body: JSON.stringify(body),
      signal: ended.signal,
    });
    if (process.env.SAY !== undefined) console.error('  ', answer.status, answer.headers.get('content-type'));
    await answer.text();
  } catch {
    // It was given up.
  }
}
