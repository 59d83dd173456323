import { EventEmitter } from 'node:events';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { expect, test } from '@jest/globals';
import type { FastifyReply } from 'fastify';
import { webRequest } from '../../../src/http/routes/mcp.js';

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

test('a stream hears that its connection has ended, though nobody holds the request that it came by', async () => {
  const raws = Array.from({ length: 20 }, () => new EventEmitter());
  let ended = 0;
  for (const raw of raws) {
    const request = webRequest({ headers: {}, url: '/mcp', method: 'GET' }, { raw } as unknown as FastifyReply);
    request.signal.addEventListener('abort', () => (ended += 1), { once: true });
  }
  for (let round = 0; round < 5; round++) {
    await new Promise((resolve) => setImmediate(resolve));
    collect();
  }
  for (const raw of raws) raw.emit('close');
  expect(ended).toBe(20);
});
