import { once } from 'node:events';
import { createServer, request, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, test } from '@jest/globals';
import { transportSuite } from '@cosmicembeddings/sdk/testing';
import { WebSocket } from 'ws';
import { createWebSocketNetwork, type WebSocketNetwork } from '../../../src/sync/websocket/index.js';

async function serve(): Promise<{ http: Server; network: WebSocketNetwork; port: number }> {
  const http = createServer((_, response) => response.end('page'));
  const network = createWebSocketNetwork({ path: '/v2/peer' });
  network.attach(http);
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve));
  return { http, network, port: (http.address() as AddressInfo).port };
}

const shut = (http: Server): Promise<void> => new Promise((resolve) => http.close(() => resolve()));

transportSuite(
  { describe, test },
  {
    name: 'websocket',
    nowhere: 'ws://127.0.0.1:1/v2/peer',
    open: async () => {
      const { http, network: server, port } = await serve();
      const client = createWebSocketNetwork({ path: '/v2/peer' });
      return {
        server,
        client,
        address: `ws://127.0.0.1:${port}/v2/peer`,
        close: async () => {
          await Promise.all([client.close(), server.close()]);
          await shut(http);
        },
      };
    },
  },
);

describe('the door for peers', () => {
  const closing: (() => Promise<unknown>)[] = [];
  afterEach(async () => {
    for (const close of closing.splice(0)) await close();
  });

  const statusOf = (port: number, path: string, headers: Record<string, string>): Promise<number | undefined> =>
    new Promise((resolve, reject) => {
      const asked = request({
        port,
        host: '127.0.0.1',
        path,
        headers: {
          Connection: 'Upgrade',
          Upgrade: 'websocket',
          'Sec-WebSocket-Version': '13',
          'Sec-WebSocket-Key': 'dGhlIHNhbXBsZSBub25jZQ==',
          ...headers,
        },
      });
      asked.on('response', (response) => {
        response.resume();
        resolve(response.statusCode);
      });
      asked.on('upgrade', (response, socket) => {
        socket.destroy();
        resolve(response.statusCode);
      });
      asked.on('error', reject);
      asked.end();
    });

  test('frames of next to nothing fill an inbox, too: no more is read until they are taken', async () => {
    const { http, network, port } = await serve();
    const client = new WebSocket(`ws://127.0.0.1:${port}/v2/peer`, 'cosmic.1');
    closing.push(
      async () => client.terminate(),
      () => network.close(),
      () => shut(http),
    );
    await once(client, 'open');
    const { value: transport } = await network.accept()[Symbol.asyncIterator]().next();
    const inner = transport as unknown as { readonly socket: WebSocket; readonly inbox: readonly Uint8Array[] };
    for (let i = 0; i < 20_000; i++) client.send(new Uint8Array(0));
    while (!inner.socket.isPaused && inner.inbox.length < 20_000) await new Promise((done) => setImmediate(done));
    expect(inner.socket.isPaused).toBe(true);
    let taken = 0;
    for await (const _ of transport!) if (++taken === 20_000) break;
    expect(taken).toBe(20_000);
  });

  test('a target that is no path is answered, and the server goes on', async () => {
    const { http, network, port } = await serve();
    closing.push(
      () => network.close(),
      () => shut(http),
    );
    for (const path of ['//[', 'http://[', '/v2/peer/..//[', '/%', '//'])
      expect(await statusOf(port, path, {})).toBe(404);
  });

  test('another path, a web page and a missing subprotocol are refused; a node is let in', async () => {
    const { http, network, port } = await serve();
    closing.push(
      () => network.close(),
      () => shut(http),
    );
    const cosmic = { 'Sec-WebSocket-Protocol': 'cosmic.1' };
    expect(await statusOf(port, '/elsewhere', cosmic)).toBe(404);
    expect(await statusOf(port, '/v2/peer', { ...cosmic, Origin: 'https://page.example' })).toBe(403);
    expect(await statusOf(port, '/v2/peer', {})).toBe(426);
    expect(await statusOf(port, '/v2/peer', { 'Sec-WebSocket-Protocol': 'cosmic.9' })).toBe(426);
    expect(await statusOf(port, '/v2/peer', cosmic)).toBe(101);
  });

  test('text and oversized messages end the connection', async () => {
    const { http, network, port } = await serve();
    closing.push(
      () => network.close(),
      () => shut(http),
    );
    const codeAfter = async (send: (socket: WebSocket) => void): Promise<number> => {
      const socket = new WebSocket(`ws://127.0.0.1:${port}/v2/peer`, 'cosmic.1');
      socket.on('error', () => undefined);
      socket.on('open', () => send(socket));
      return new Promise((resolve) => socket.on('close', resolve));
    };
    expect(await codeAfter((socket) => socket.send('hello'))).toBe(1003);
    expect(await codeAfter((socket) => socket.send(new Uint8Array(8 * 1024 * 1024)))).toBe(1009);
  });

  test('a connection that answers no ping is dropped', async () => {
    const http = createServer();
    const network = createWebSocketNetwork({ path: '/v2/peer', timing: { pingMs: 30 } });
    network.attach(http);
    await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve));
    closing.push(
      () => network.close(),
      () => shut(http),
    );
    const socket = new WebSocket(`ws://127.0.0.1:${(http.address() as AddressInfo).port}/v2/peer`, 'cosmic.1', {
      autoPong: false,
    });
    socket.on('error', () => undefined);
    expect(await new Promise((resolve) => socket.on('close', resolve))).toBe(1006);
  });
});
