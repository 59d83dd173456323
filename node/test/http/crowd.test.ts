import { createServer, get } from 'node:http';
import { connect, Socket, type AddressInfo } from 'node:net';
import { afterEach, expect, test } from '@jest/globals';
import { keepRoom } from '../../src/http/crowd.js';
import { watchConnections } from '../../src/http/connections.js';

const closing: (() => void)[] = [];
afterEach(() => closing.splice(0).forEach((close) => close()));

test('idle connections keep nobody out, and no request in progress is cut for another', async () => {
  const held: (() => void)[] = [];
  const server = createServer((request, response) =>
    guard.enter(request, response, true, () => {
      if (request.url === '/slow') held.push(() => response.end('late'));
      else response.end('alive');
    }),
  );
  const guard = watchConnections(server, { connectionsMax: 20, headersMs: 60_000, idleMs: 60_000, slowMs: 60_000 });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  closing.push(
    guard.close,
    () => server.closeAllConnections(),
    () => server.close(),
  );

  const answer = (path: string): Promise<string> =>
    new Promise((resolve, reject) => {
      get({ port, path, agent: false }, (response) => {
        let text = '';
        response.on('data', (part: Buffer) => (text += part.toString()));
        response.on('end', () => resolve(text));
      }).on('error', reject);
    });
  const slow = answer('/slow');
  while (held.length === 0) await new Promise((resolve) => setImmediate(resolve));

  const idle: Socket[] = [];
  let cut = 0;
  for (let n = 0; n < 100; n++) {
    const socket = connect(port, '127.0.0.1');
    socket.on('error', () => undefined);
    socket.on('close', () => cut++);
    closing.push(() => socket.destroy());
    await new Promise((resolve) => socket.once('connect', resolve));
    idle.push(socket);
  }
  for (let n = 0; n < 20; n++) expect(await answer('/health')).toBe('alive');
  held[0]!();
  expect(await slow).toBe('late');
  expect(cut).toBeGreaterThanOrEqual(81);
  expect(idle.filter((socket) => !socket.destroyed).length).toBeLessThanOrEqual(20);
});

test('connections of one address that are busy with slow bodies and sockets keep nobody else out', async () => {
  const server = createServer((request, response) =>
    guard.enter(request, response, true, () => {
      if (request.url === '/') response.end('alive');
    }),
  );
  const guard = watchConnections(server, { connectionsMax: 20, headersMs: 60_000, idleMs: 60_000, slowMs: 60_000 });
  server.on('upgrade', (_request, socket) => socket.on('error', () => undefined));
  await new Promise<void>((resolve) => server.listen(0, '0.0.0.0', resolve));
  const { port } = server.address() as AddressInfo;
  closing.push(
    guard.close,
    () => server.closeAllConnections(),
    () => server.close(),
  );
  const open: Socket[] = [];
  for (let n = 0; n < 560; n++) {
    const socket = connect({ port, host: '127.0.0.1', localAddress: '127.0.0.2' });
    socket.on('error', () => undefined);
    closing.push(() => socket.destroy());
    await new Promise((resolve) => socket.once('connect', resolve));
    const slow = 'POST /slow HTTP/1.1\r\nhost: a\r\ncontent-length: 9\r\n\r\n1';
    const upgrade = 'GET /up HTTP/1.1\r\nhost: a\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n';
    socket.write(n % 2 === 0 ? slow : upgrade);
    open.push(socket);
  }
  const own = connect({ port, host: '127.0.0.1', localAddress: '127.0.0.1' });
  own.on('error', () => undefined);
  closing.push(() => own.destroy());
  let text = '';
  own.on('data', (part: Buffer) => (text += part.toString()));
  own.write('GET / HTTP/1.1\r\nhost: a\r\n\r\n');
  while (!text.endsWith('alive') && !own.destroyed) await new Promise((resolve) => setImmediate(resolve));
  expect(text).toMatch(/^HTTP\/1.1 200/);
});

test('of many that come at the same moment each has room made for it', () => {
  const server = createServer();
  const crowd = keepRoom(server, 4);
  const come = (address: string): Socket => {
    const socket = Object.defineProperty(new Socket(), 'remoteAddress', { value: address });
    closing.push(() => socket.destroy());
    server.emit('connection', socket);
    return socket;
  };
  const theirs = Array.from({ length: 4 }, () => come('192.0.2.1'));
  theirs.forEach(crowd.busy);
  const others = [2, 3, 4].map((n) => come(`192.0.2.${n}`));
  expect(theirs.map(({ destroyed }) => destroyed)).toEqual([true, true, true, false]);
  expect(others.map(({ destroyed }) => destroyed)).toEqual([false, false, false]);
});
