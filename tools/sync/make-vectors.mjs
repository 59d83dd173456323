// Writes specs/vectors/sync-negentropy.json and specs/vectors/peer-frames.json: transcripts of our own sets and frames.
// Usage: node tools/sync/make-vectors.mjs
import { writeFileSync } from 'node:fs';
import { fromHex, toHex } from '../../sdk/dist/bytes.js';
import { encode } from '../../sdk/dist/codec/index.js';
import { coverageTest } from '../../sdk/dist/filter/index.js';
import { didOf, publicKeyOf, sha256, sign } from '../../sdk/dist/crypto/index.js';
import {
  createItemSet,
  createReconciler,
  decodeFrame,
  encodeFrame,
  Session,
  Sketch,
  statementOf,
} from '../../sdk/dist/sync/index.js';

const utf8 = new TextEncoder();
const itemOf = (n, timeMs) => ({ timeMs, digest: sha256(utf8.encode(`item ${n}`)) });
const range = (from, to) => Array.from({ length: to - from }, (_, i) => from + i);

const cases = [
  { comment: 'both empty', client: [], server: [], limit: 0, time: () => 0 },
  { comment: 'the client knows nothing', client: [], server: range(0, 3), limit: 0, time: (n) => 1795298400000 + n },
  {
    comment: 'times in milliseconds, more than 32 bits',
    client: range(0, 50),
    server: range(5, 55),
    limit: 0,
    time: (n) => 1795298400000 + n * 1000,
  },
  {
    comment: 'one moment for all: bounds need id prefixes',
    client: range(0, 60),
    server: range(3, 63),
    limit: 0,
    time: () => 1795298400000,
  },
  {
    comment: 'under a frame limit of 4,096 bytes',
    client: range(0, 300),
    server: range(100, 420),
    limit: 4096,
    time: (n) => 1795298400000 + (n % 40) * 1000,
  },
];

const transcripts = cases.map(({ comment, client, server, limit, time }) => {
  const sets = [client, server].map((numbers) => numbers.map((n) => itemOf(n, time(n))));
  const [c, s] = sets.map((items) => createReconciler(createItemSet(items), { frameLimit: limit }));
  const messages = [];
  const have = new Set();
  const need = new Set();
  for (let message = c.initiate(); message !== undefined;) {
    const answer = s.step(message).reply;
    messages.push(toHex(message), toHex(answer));
    const step = c.step(answer);
    step.have.forEach(({ digest }) => have.add(toHex(digest)));
    step.need.forEach((digest) => need.add(toHex(digest)));
    message = step.reply;
  }
  // Ids are sha-256("item n"): the numbers and times say it all.
  const described = (numbers) => numbers.map((n) => [n, time(n)]);
  return {
    comment,
    client: described(client),
    server: described(server),
    frameLimit: limit,
    messages,
    have: [...have].sort(),
    need: [...need].sort(),
  };
});
const refused = [
  { comment: 'empty', message: '' },
  { comment: 'no negentropy version byte', message: '10' },
  { comment: 'mode 3', message: '61000003' },
  { comment: 'id prefix of 33 bytes', message: '610021' + '00'.repeat(33) + '00' },
  { comment: 'fingerprint cut short', message: '61000001' + 'ab'.repeat(15) },
  { comment: 'more ids announced than there are', message: '6100000202' + 'cd'.repeat(32) },
  { comment: 'number above 2^53−1', message: '61' + 'ff'.repeat(9) + '7f0000' },
];
write('sync-negentropy', {
  note: 'Item n has the id sha-256("item n"). Messages alternate, the client’s first. `refused`: messages that a side must not accept.',
  transcripts,
  refused,
});

const digest = (n) => sha256(utf8.encode(`item ${n}`));
const did = 'did:key:z6MkhaXgBZDvotDkL5257faiztiGiC2QtKLGpbnnEGta2doK';
const frames = [
  { type: 'hello', version: 1, network: 'dev', node: did, limits: { frameBytes: 4199552, wants: 256 } },
  { type: 'prove', signature: new Uint8Array(64).fill(7) },
  { type: 'prove', signature: new Uint8Array(0), mac: new Uint8Array(32).fill(9) },
  { type: 'reconcile', message: fromHex('6100000200') },
  { type: 'reconciled', message: fromHex('61') },
  { type: 'sketch', from: 0, cells: 32, counts: 256 },
  { type: 'symbols', size: 2, cells: new Uint8Array(48).fill(3), counts: new Uint8Array(4) },
  { type: 'peers' },
  { type: 'addresses', peers: ['wss://node.example/v2/peer', `wss://192.0.2.7/v2/peer#${did}`] },
  {
    type: 'equal',
    ranges: [
      { from: { timeMs: 0, digest: new Uint8Array(32) }, to: { timeMs: 1795298400000, digest: digest(1) } },
      {
        from: { timeMs: 1795298400000, digest: digest(1) },
        to: { timeMs: Number.MAX_SAFE_INTEGER, digest: new Uint8Array(32).fill(255) },
      },
    ],
  },
  {
    type: 'equal',
    ranges: [{ from: { timeMs: 5, digest: digest(1) }, to: { timeMs: 6, digest: digest(2) } }],
    items: true,
  },
  { type: 'equals', hashes: new Uint8Array(32).fill(4) },
  { type: 'feed' },
  { type: 'feed', after: { epoch: 'a life of the store', seq: 1024 } },
  { type: 'fed', upTo: { epoch: 'a life of the store', seq: 1280 }, head: 5000 },
  { type: 'gap', why: 'ahead', advice: 'reconcile', head: { epoch: 'a life of the store', seq: 5000 } },
  { type: 'settled' },
  {
    type: 'have',
    items: [
      { timeMs: 1795298400000, digest: digest(1) },
      { timeMs: 1795298401000, digest: digest(2) },
    ],
  },
  { type: 'have', items: [{ timeMs: 1795298400000, digest: digest(1) }], relay: true },
  { type: 'relays', relays: [{ hops: 1 }, { hops: 3, coverage: [{ tagsAny: ['tea'] }] }] },
  {
    type: 'hello',
    version: 2,
    network: 'dev',
    node: did,
    limits: { frameBytes: 4199552, wants: 256 },
    nonce: new Uint8Array(32).fill(5),
    features: ['coverage'],
    coverage: [
      { tagsAny: ['tea', 'milk'], fromMs: 1795298400000 },
      { authors: [did], places: [{ south: 46e6, north: 48e6, west: 5e6, east: 11e6 }] },
    ],
  },
  { type: 'want', ids: [digest(1)] },
  { type: 'give', blocks: [fromHex('d28443a10132a0')] },
  { type: 'gone', code: 'block.not_found', ids: [digest(2)] },
  { type: 'ping', nonce: 7 },
  { type: 'pong', nonce: 7 },
  { type: 'bye', code: 'peer.wrong_network', detail: '"other" there, "dev" here' },
].map((frame) => ({ type: frame.type, hex: toHex(encodeFrame(frame)) }));
const bad = (comment, value) => ({ comment, hex: value instanceof Uint8Array ? toHex(value) : toHex(encode(value)) });
const hello = { type: 'hello', version: 1, network: 'dev', node: did, limits: { frame_bytes: 4199552, wants: 256 } };
const rejected = [
  bad('not CBOR', fromHex('ff')),
  bad('not the one encoding: a length in two bytes', fromHex('b90001647479706564706f6e67')),
  bad('bytes after the map', fromHex('a16474797065' + '67736574746c6564' + '00')),
  bad('an array', [1]),
  bad('no type', { nonce: 1 }),
  bad('version 0', { ...hello, version: 0 }),
  bad('capitals in the network id', { ...hello, network: 'DEV' }),
  bad('a node that is no did:key', { ...hello, node: 'alice' }),
  bad('reads less than 256 KiB', { ...hello, limits: { frame_bytes: 65536, wants: 256 } }),
  bad('a nonce of 31 bytes', { ...hello, nonce: new Uint8Array(31) }),
  bad('a signature of 63 bytes', { type: 'prove', signature: new Uint8Array(63) }),
  bad('4,097 cells', { type: 'sketch', from: 0, cells: 4097, counts: 0 }),
  bad('17 addresses', { type: 'addresses', peers: range(0, 17).map((n) => `wss://node${n}.example/v2/peer`) }),
  bad('equal of no range', { type: 'equal', ranges: [] }),
  bad('a range without an end', { type: 'equal', ranges: [{ from: [1, digest(1)] }] }),
  bad('hashes of fifteen bytes', { type: 'equals', hashes: new Uint8Array(15) }),
  bad('a cursor without a seq', { type: 'feed', after: { epoch: 'a' } }),
  bad('fed without a head', { type: 'fed', up_to: { epoch: 'a', seq: 1 } }),
  bad('a gap of another sort', { type: 'gap', why: 'lost', advice: 'reconcile', head: { epoch: 'a', seq: 1 } }),
  bad('a coverage with a field of the future', { ...hello, coverage: [{ mood: ['calm'] }] }),
  bad('33 subscriptions', { ...hello, coverage: range(0, 33).map(() => ({})) }),
  bad('a place beyond the pole', {
    ...hello,
    coverage: [{ places: [{ south: 0, north: 91e6, west: 0, east: 1 }] }],
  }),
  bad('passed on over four connections', { type: 'relays', relays: [{ hops: 4 }] }),
  bad('no limits', { type: 'hello', version: 1, network: 'dev', node: did }),
  bad('an id of 31 bytes', { type: 'want', ids: [new Uint8Array(31)] }),
  bad('1,025 ids', { type: 'want', ids: range(0, 1025).map(digest) }),
  bad('an item without a time', { type: 'have', items: [[digest(1)]] }),
  bad('a negative time', { type: 'have', items: [[-1, digest(1)]] }),
  bad('an empty block', { type: 'give', blocks: [new Uint8Array(0)] }),
  bad('a code of another form', { type: 'gone', code: 'GONE', ids: [] }),
  bad('a negative nonce', { type: 'ping', nonce: -1 }),
  bad('an empty reconciliation', { type: 'reconcile', message: new Uint8Array(0) }),
];
const ignored = [
  bad('a type of the future', { type: 'aurora', cells: new Uint8Array(3) }),
  bad('no type that the language knows', { type: 'constructor' }),
];
// Hashes of a set under a session's key.
const keyed = createItemSet(range(0, 2500).map((n) => itemOf(n, 1795298400000 + 977 * n)));
const sessionKey = sha256(utf8.encode('a session’s key'));
write('sync-equal', {
  note: 'Item n has the id sha-256("item n") and the time 1795298400000 + 977·n; the set is items 0 to 2499. Hashes of the items from…to−1 under the key.',
  key: toHex(sessionKey),
  hashes: [
    [0, 0],
    [0, 1],
    [5, 1029],
    [0, 2500],
  ].map(([from, to]) => ({ from, to, hash: toHex(keyed.keyedHash(sessionKey, from, to)) })),
});
// What is covered: blocks by what of them matters.
const coverages = {
  tea: [{ tagsAny: ['tea'] }],
  'tea of Alice since a day': [{ tagsAny: ['tea'], authors: ['alice'], fromMs: 1000 }],
  'a rectangle, and one over the date line': [
    {
      places: [
        { south: 46e6, north: 48e6, west: 5e6, east: 11e6 },
        { south: -1e6, north: 1e6, west: 179e6, east: -179e6 },
      ],
    },
  ],
  'Alice, or polls with both tags': [{ authors: ['alice'] }, { kinds: ['poll.example/1'], tagsAll: ['a', 'b'] }],
  nothing: [],
};
const blocks = {
  'tea of Alice': { author: 'alice', tags: ['tea'] },
  'tea of Bob': { author: 'bob', tags: ['tea'] },
  'milk of Alice': { author: 'alice', tags: ['milk'] },
  'early tea of Alice': { author: 'alice', tags: ['tea'], timeMs: 999 },
  'a new version by Alice, of other tags': { author: 'alice', refs: [{ rel: 'supersedes', id: 'x' }] },
  'an early new version by Alice': { author: 'alice', timeMs: 999, refs: [{ rel: 'supersedes', id: 'x' }] },
  'a new version by Bob, of other tags': { author: 'bob', refs: [{ rel: 'supersedes', id: 'x' }] },
  'cites something': { author: 'bob', refs: [{ rel: 'cites', id: 'x' }] },
  'an early retraction by Bob': { author: 'bob', kind: 'retract/1', timeMs: 1 },
  'a rotation by Bob': { author: 'bob', kind: 'rotate/1' },
  'a poll with both tags': { author: 'bob', kind: 'poll.example/1', tags: ['b', 'a', 'c'] },
  'a poll with one': { author: 'bob', kind: 'poll.example/1', tags: ['a'] },
  'in Zürich': { author: 'bob', place: { lat: 47_370_000, lon: 8_540_000 } },
  'in Rome': { author: 'bob', place: { lat: 41_900_000, lon: 12_500_000 } },
  'at the date line': { author: 'bob', place: { lat: 0, lon: -179_500_000 } },
};
write('sync-coverage', {
  note: 'Which blocks a coverage covers, by what of a block matters. Left out: kind note.test/1, timeMs 2000, no tags, no refs, nowhere.',
  coverages: Object.entries(coverages).map(([comment, coverage]) => ({
    comment,
    coverage,
    covers: Object.entries(blocks)
      .filter(([, { timeMs = 2000, place, ...entry }]) =>
        coverageTest(coverage)({
          timeMs,
          ...(place === undefined ? {} : { place }),
          entry: { kind: 'note.test/1', timeMs, tags: [], refs: [], links: [], rows: 0, ...entry },
        }),
      )
      .map(([name]) => name),
  })),
  blocks,
});
// Cells of sketches over our own sets, as they travel.
write('sync-sketch', {
  note: 'Item n has the id sha-256("item n") and the time 1795298400000 + 977·n. `cells`: the first cells of the sketch of items from…to−1, 48 bytes each.',
  sketches: [
    [0, 0, 2],
    [0, 1, 8],
    [5, 8, 16],
    [0, 500, 32],
  ].map(([from, to, cells]) => {
    const sketch = Sketch.create();
    for (const n of range(from, to)) sketch.add(itemOf(n, 1795298400000 + 977 * n));
    return { from, to, cells: toHex(sketch.bytes(0, cells)) };
  }),
});
write('peer-frames', {
  note: 'One DAG-CBOR map each. `rejected` closes the connection with peer.protocol; `ignored` changes nothing.',
  frames,
  rejected,
  ignored,
});

// Handshakes: both sides with fixed keys and nonces. Every byte that travels, what each signs, and how each ends.
const seedOf = (name) => sha256(utf8.encode(`handshake ${name}`));
const didOfSeed = (name) => didOf(publicKeyOf(seedOf(name)));
const URL_OF_B = 'wss://b.example/v2/peer';
const key = sha256(utf8.encode('shared key'));
const nowMs = 1795298400000;

const channel = (n) => sha256(utf8.encode(`channel ${n}`));

function handshake({ comment, dialler = {}, listener = {}, bend = (frame) => frame, passed }) {
  const side = (name, role, more) => ({
    network: 'dev',
    node: more.claims ?? didOfSeed(name),
    ...(more.version1
      ? {}
      : {
          prover: {
            role,
            nonce: sha256(utf8.encode(`nonce ${name}`)),
            sign: (message) => sign(message, seedOf(name)),
            ...(role === 'dialler'
              ? { url: URL_OF_B }
              : { isOwnAddress: (url) => (more.own ?? [URL_OF_B]).includes(url) }),
            ...more,
          },
        }),
  });
  const sides = [new Session(side('a', 'dialler', dialler)), new Session(side('b', 'listener', listener))];
  const frames = [];
  const ends = [undefined, undefined];
  const queue = [];
  const fulfil = (n, wishes) => {
    for (const wish of wishes) {
      if (wish.type === 'send') queue.push([n, wish.frame]);
      else if (wish.type === 'ready') ends[n] = wish.proven ? 'proven' : 'claimed';
      else if (wish.type === 'close' && !wish.remote) ends[n] = wish.code;
      else if (wish.type === 'close') ends[n] ??= 'told';
    }
  };
  sides.forEach((one, n) => fulfil(n, one.open(nowMs)));
  for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
    const [from, frame] = next;
    const decoded = decodeFrame(frame);
    const arrived = bend(frame, from, decoded.frame);
    frames.push({ from: from === 0 ? 'dialler' : 'listener', hex: toHex(arrived) });
    fulfil(1 - from, sides[1 - from].receive(arrived, nowMs));
  }
  const hellos = frames.filter(({ hex }) => decodeFrame(fromHex(hex)).frame?.type === 'hello');
  const [d, l] = ['dialler', 'listener'].map((from) => fromHex(hellos.find((one) => one.from === from).hex));
  return {
    comment,
    ...passed,
    frames,
    ...(dialler.channel === undefined ? {} : { channel: toHex(dialler.channel) }),
    ...(listener.channel === undefined ? {} : { listenerChannel: toHex(listener.channel) }),
    statements: {
      dialler: toHex(statementOf('dialler', d, l, dialler.channel)),
      listener: toHex(statementOf('listener', d, l, dialler.channel)),
    },
    dialler: ends[0],
    listener: ends[1],
  };
}

write('peer-handshake', {
  note:
    'Keys: seed = sha-256("handshake a") of the dialler, "handshake b" of the listener; nonce = sha-256("nonce a"), "nonce b"; ' +
    'the shared key is sha-256("shared key"); `channel` and `listenerChannel` is what each side knows its connection by. ' +
    ' `statements`: the bytes that each side signs. `dialler` and `listener`: how each side ' +
    'ends: proven or claimed (both are ready), a code with which it closes, or told (the other closed).',
  handshakes: [
    handshake({ comment: 'each proves itself to the other' }),
    handshake({
      comment: 'the identity is expected: the address may be any',
      dialler: { url: 'wss://relay.example/v2/peer', expects: didOfSeed('b') },
    }),
    handshake({ comment: 'another identity was expected', dialler: { expects: didOfSeed('c') } }),
    handshake({
      comment: 'passed on by whoever was dialled: the address is none of the listener’s, both stay claims',
      dialler: { url: 'wss://relay.example/v2/peer' },
    }),
    handshake({
      comment: 'the same where a proof is required',
      dialler: { url: 'wss://relay.example/v2/peer', required: true },
    }),
    handshake({ comment: 'the listener speaks version 1: a claim', listener: { version1: true } }),
    handshake({
      comment: 'no downgrade: version 1 from where an identity is expected',
      dialler: { expects: didOfSeed('b') },
      listener: { version1: true },
    }),
    handshake({ comment: 'says it is c, signs as a', dialler: { claims: didOfSeed('c') }, listener: {} }),
    handshake({
      comment: 'a byte of a hello was changed on the way',
      bend: (frame, from, decoded) =>
        decoded?.type === 'hello' && from === 0 ? encodeFrame({ ...decoded, time: decoded.time + 1 }) : frame,
    }),
    handshake({
      comment: 'the listener’s own signature comes back to it',
      bend: (() => {
        let own;
        return (frame, from, decoded) => {
          if (decoded?.type !== 'prove') return frame;
          if (from === 1) own = frame;
          return from === 0 && own !== undefined ? own : frame;
        };
      })(),
    }),
    handshake({
      comment: 'the proofs cover the connection',
      dialler: { expects: didOfSeed('b'), channel: channel(1) },
      listener: { channel: channel(1) },
    }),
    handshake({
      comment: 'the listener knows the connection, and it is not asked for',
      listener: { channel: channel(1) },
    }),
    handshake({
      comment: 'somebody ended TLS in the middle: each side has another connection',
      dialler: { expects: didOfSeed('b'), channel: channel(1) },
      listener: { channel: channel(2) },
    }),
    handshake({
      comment: 'the listener knows nothing of its connection: a proxy ended TLS',
      dialler: { expects: didOfSeed('b'), channel: channel(1) },
    }),
    handshake({ comment: 'a private network', dialler: { networkKey: key }, listener: { networkKey: key } }),
    handshake({ comment: 'a private network, met without its key', dialler: {}, listener: { networkKey: key } }),
  ],
});

function write(name, value) {
  writeFileSync(new URL(`../../specs/vectors/${name}.json`, import.meta.url), `${JSON.stringify(value, null, 1)}\n`);
}
