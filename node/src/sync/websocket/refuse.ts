import { STATUS_CODES } from 'node:http';
import type { Duplex } from 'node:stream';
import { SUBPROTOCOL } from '@cosmicembeddings/sdk/sync';
import { safeHeaders } from '../../safe-headers.js';

/** Answers a request for an upgrade by a status, and ends its connection. */
export function refuse(socket: Duplex, status: number): void {
  socket.on('error', () => undefined);
  const more = status === 426 ? `Upgrade: websocket\r\nSec-WebSocket-Protocol: ${SUBPROTOCOL}\r\n` : '';
  const safe = Object.entries(safeHeaders)
    .map(([name, value]) => `${name}: ${value}\r\n`)
    .join('');
  socket.end(
    `HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\nConnection: close\r\nContent-Length: 0\r\n${safe}${more}\r\n`,
  );
}
