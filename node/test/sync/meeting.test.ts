import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { afterEach, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { toHex, publicKeyOfDid, type Did } from '@cosmicembeddings/sdk';
import { Hints } from '../../src/sync/meeting/hints.js';
import { openLan, targetsOf } from '../../src/sync/meeting/lan.js';
import { isTellable, rangeOf } from '../../src/sync/meeting/ranges.js';
import { meetingOf, readBeacon, writeBeacon, type MeetingRules } from '../../src/sync/index.js';
import { createWebSocketNetwork } from '../../src/sync/websocket/index.js';
import { makeBlock, nodeDid, World } from '../../src/testing/index.js';

const open: { close(): Promise<void> }[] = [];
afterEach(async () => {
  for (const one of open.splice(0)) await one.close();
});

describe('addresses by hearsay', () => {
  const ranges: [string, string][] = [
    ['8.8.8.8', 'public'],
    ['2a00:1450::1', 'public'],
    ['127.8.8.8', 'loopback'],
    ['::1', 'loopback'],
    ['::ffff:127.0.0.1', 'loopback'],
    ['::ffff:10.1.2.3', 'private'],
    ['::ffff:7f00:1', 'none'],
    ['10.0.0.1', 'private'],
    ['172.31.255.255', 'private'],
    ['172.32.0.1', 'public'],
    ['192.168.1.1', 'private'],
    ['100.64.3.4', 'private'],
    ['fd12::1', 'private'],
    ['169.254.169.254', 'link-local'],
    ['fe80::1%eth0', 'link-local'],
    ['0.0.0.0', 'none'],
    ['::', 'none'],
    ['224.0.0.1', 'none'],
    ['255.255.255.255', 'none'],
    ['64:ff9b::7f00:1', 'none'],
    ['2002:7f00:1::', 'none'],
    ['node.example', 'none'],
  ];
  test.each(ranges)('%s is %s', (ip, range) => expect(rangeOf(ip)).toBe(range));

  const book = (more: Parameters<typeof meetingOf>[0] = {}) => new Hints(meetingOf(more).ranges, () => 0);

  test.each([
    'ws://127.0.0.1:80',
    'ws://2130706433',
    'ws://0x7f.1',
    'ws://[::1]:5',
    'ws://localhost',
    'ws://a.localhost',
    'ws://10.0.0.1',
    'ws://169.254.169.254',
    'http://[::ffff:7f00:1]:8080',
    'ftp://8.8.8.8',
    'ws://user:secret@8.8.8.8',
    'ws://8.8.8.8/?q',
    '',
  ])('%s is not taken unless the operator says so', (address) => expect(book().add(address, 'x')).toBe(false));

  test('of a range that is configured they are taken', () => {
    expect(book({ ranges: ['private'] }).add('ws://10.0.0.1', 'x')).toBe(true);
    expect(book({ ranges: ['private'] }).add('ws://127.0.0.1', 'x')).toBe(false);
    expect(book({ lan: true }).add('ws://192.168.0.9', 'x')).toBe(true);
  });

  test('nobody fills the book alone, and no network', () => {
    const hints = book();
    const said = (source: string, group: number) =>
      Array.from({ length: 100 }, (_, n) => hints.add(`ws://11.0.${group === -1 ? n : group}.${n}`, source)).filter(
        Boolean,
      ).length;
    expect(said('liar', -1)).toBe(32);
    expect(said('crowd', 200)).toBe(4);
    for (let n = 0; n < 50; n++) said(`source ${n}`, -1);
    expect(hints.size).toBeLessThanOrEqual(256);
  });

  test('one of a network where somebody is dialled is not chosen; what fails rests and is forgotten', () => {
    const hints = book();
    hints.add('ws://11.0.1.1', 'x');
    hints.add('ws://11.0.1.2', 'x');
    hints.add('ws://11.0.2.1', 'x');
    expect(hints.next(['ws://11.0.1.1/v2/peer'], 0)).toBe('ws://11.0.2.1/v2/peer');
    // Configured, so nobody told of it.
    expect(hints.next(['ws://11.0.1.9/v2/peer', 'ws://11.0.2.9/v2/peer'], 0)).toBeUndefined();
    hints.failed('ws://11.0.2.1/v2/peer', 0);
    expect(hints.next(['ws://11.0.1.1/v2/peer'], 1_000)).toBeUndefined();
    hints.failed('ws://11.0.2.1/v2/peer', 0);
    hints.failed('ws://11.0.2.1/v2/peer', 0);
    expect(hints.has('ws://11.0.2.1/v2/peer')).toBe(false);
  });

  test('names of one domain are one network: whoever holds it makes as many as they like', () => {
    const hints = book();
    for (let n = 0; n < 9; n++) hints.add(`wss://n${n}.evil.example`, 'x');
    expect(hints.size).toBe(4);
    expect(hints.next(['wss://a.b.EVIL.example/v2/peer'], 0)).toBeUndefined();
    hints.add('wss://node.good.example', 'x');
    expect(hints.next(['wss://evil.example/v2/peer'], 0)).toBe('wss://node.good.example/v2/peer');
  });

  test('a name that resolves to what may not be dialled is not connected to', async () => {
    const network = createWebSocketNetwork({ path: '/v2/peer', mayReach: (ip) => rangeOf(ip) === 'public' });
    open.push(network);
    await expect(network.dial('ws://localhost:9/v2/peer')).rejects.toThrow(/nowhere that may be dialled/);
  });

  test('others are told no secrets: no private address, no name that was configured', () => {
    expect(isTellable('ws://8.8.8.8/v2/peer', false)).toBe(true);
    expect(isTellable('ws://10.0.0.1/v2/peer', true)).toBe(false);
    expect(isTellable('wss://db.intern/v2/peer', false)).toBe(false);
  });
});

describe('beacons', () => {
  const did = nodeDid(1) as Did;
  const me = { did, network: 'dev', port: 8080, tls: false, version: '1' };
  const other = { did: nodeDid(2), network: 'dev' };
  const sent = writeBeacon(me, 1_790_000_000_123);
  const fields = JSON.parse(new TextDecoder().decode(sent)) as Record<string, unknown>;
  const heard = (change: object, from = '192.168.0.5') =>
    readBeacon(new TextEncoder().encode(JSON.stringify({ ...fields, ...change })), from, other);

  test('have the fields that the Python nodes read, and no others', () => {
    expect(Object.keys(fields)).toEqual([
      'node_id',
      'public_key',
      'address',
      'port',
      'version',
      'capabilities',
      'last_seen',
    ]);
    expect(sent.length).toBeLessThanOrEqual(1024);
  });

  test('name a peer: the address of the packet, and who must answer there', () => {
    expect(heard({})).toBe(`ws://192.168.0.5:8080/v2/peer#${did}`);
    expect(heard({ address: '8.8.8.8' })).toBe(`ws://192.168.0.5:8080/v2/peer#${did}`);
    expect(heard({ capabilities: ['cosmic.1', 'network:dev', 'tls'] })).toMatch(/^wss:/);
    expect(heard({}, 'fe80::1%eth0')).toBe(`ws://[fe80::1]:8080/v2/peer#${did}`);
  });

  const strange: [string, object][] = [
    ['a Python node', { node_id: 'node-1', public_key: 'abc', capabilities: ['sync'] }],
    ['another network', { capabilities: ['cosmic.1', 'network:other'] }],
    ['another key than that of its name', { public_key: toHex(publicKeyOfDid(nodeDid(3))!) }],
    ['this node itself', { node_id: other.did, public_key: toHex(publicKeyOfDid(other.did)!) }],
    ['a port beyond all', { port: 65_536 }],
    ['a port that is text', { port: '80/@8.8.8.8' }],
    ['a field too many', { more: 1 }],
    ['a field too few', { version: undefined }],
    ['too long', { version: 'x'.repeat(1024) }],
  ];
  test.each(strange)('%s is nobody', (_, change) => expect(heard(change)).toBeUndefined());

  test('whatever bytes come, nothing is thrown', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 1100 }), (data) => readBeacon(data, '192.168.0.5', other) === undefined),
    );
    fc.assert(
      fc.property(fc.json({ maxDepth: 3 }), (text) => {
        return readBeacon(new TextEncoder().encode(text), '192.168.0.5', other) === undefined;
      }),
    );
  });

  test('go to the local networks of the ranges alone', () => {
    const at = (address: string, netmask: string) => ({ address, netmask, family: 'IPv4' as const });
    const interfaces = [
      at('192.168.3.7', '255.255.252.0'),
      at('8.8.4.4', '255.255.255.0'),
      at('127.0.0.1', '255.0.0.0'),
      { ...at('fe80::1', 'ffff::'), family: 'IPv6' as const },
    ];
    expect(targetsOf(interfaces, ['private'])).toEqual(['192.168.3.255']);
  });

  test('are sent and heard over a real socket, from ranges that are listened to', async () => {
    const listener = createSocket('udp4').bind(0, '127.0.0.1');
    open.push({ close: () => new Promise((resolve) => listener.close(() => resolve())) });
    await once(listener, 'listening');
    const free = createSocket('udp4').bind(0);
    await once(free, 'listening');
    const { port } = free.address();
    await new Promise<void>((resolve) => free.close(() => resolve()));
    const got: string[] = [];
    const start = async (ranges: MeetingRules['ranges']) => {
      const lan = await openLan({
        port,
        ranges,
        beacon: () => sent,
        onHeard: (data, from) => void got.push(readBeacon(data, from, other) ?? 'nobody'),
        onError: () => undefined,
        interfaces: () => [],
      });
      open.push(lan);
      return lan;
    };
    const deaf = await start(['private']);
    listener.send(sent, port, '127.0.0.1');
    await deaf.close();
    open.pop();
    expect(got).toEqual([]);
    await start(['loopback']);
    while (got.length === 0) {
      listener.send(sent, port, '127.0.0.1');
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    expect(got[0]).toBe(`ws://127.0.0.1:8080/v2/peer#${did}`);
  });
});

test('nodes that know one node get to know each other, each proven', async () => {
  const world = new World(60);
  open.push(world);
  const meeting = meetingOf({});
  const limits = { meetMs: 1_000, exchangeMs: 5_000 };
  const at = (n: number) => `ws://11.0.${n}.1/v2/peer`;
  for (let n = 0; n < 4; n++)
    await world.add(n === 0 ? [] : [0], {
      address: at(n),
      meeting,
      limits,
      rules: { ownAddresses: [at(n)] },
    });
  // Everybody dialled the first, so nobody knows where the others are, until one of them is dialled by hearsay.
  await world.nodes[0]!.peers.add(at(1));
  await world.nodes[0]!.peers.add(at(2));
  await world.until(
    () => world.nodes[3]!.peers.status().filter(({ discovered, proven }) => discovered === true && proven).length === 2,
    60_000,
  );
  await world.nodes[1]!.publish(makeBlock(1));
  await world.until(() => world.converged(1), 10_000);
});
