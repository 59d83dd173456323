import { createSocket } from 'node:dgram';
import { networkInterfaces, type NetworkInterfaceInfo } from 'node:os';
import { BEACON_BYTES, BEACON_PORT } from './beacon.js';
import { rangeOf, type Range } from './ranges.js';

export interface LanOptions {
  readonly port?: number;
  readonly everyMs?: number;
  /** Ranges of addresses that are listened to; beacons go out on interfaces of these alone. */
  readonly ranges: readonly Range[];
  /** What is sent now. */
  beacon(): Uint8Array;
  onHeard(data: Uint8Array, fromIp: string): void;
  onError(error: unknown): void;
  readonly interfaces?: () => readonly NetworkInterfaceInfo[];
}

/** Datagrams that are looked at a second: anybody in the same network can send as many as they like. */
const HEARD_PER_S = 64;
const EVERY_MS = 5_000;

/** Tells the local networks that this node is here, and listens to others. @throws system errors of binding */
export async function openLan(options: LanOptions): Promise<{ close(): Promise<void> }> {
  const { port = BEACON_PORT, everyMs = EVERY_MS, ranges } = options;
  const socket = createSocket({ type: 'udp4', reuseAddr: true });
  let heard = 0;
  let sinceMs = 0;
  socket.on('message', (data, { address }) => {
    const nowMs = performance.now();
    if (nowMs - sinceMs > 1000) [heard, sinceMs] = [0, nowMs];
    if (++heard > HEARD_PER_S || data.length > BEACON_BYTES || !ranges.includes(rangeOf(address))) return;
    options.onHeard(data, address);
  });
  await new Promise<void>((resolve, reject) => {
    socket.once('error', reject);
    socket.bind(port, () => {
      socket.off('error', reject);
      resolve();
    });
  });
  socket.on('error', options.onError);
  socket.setBroadcast(true);
  const send = (): void => {
    const data = options.beacon();
    for (const target of targetsOf(options.interfaces?.() ?? allInterfaces(), ranges))
      socket.send(data, port, target, () => undefined);
  };
  send();
  const timer = setInterval(send, everyMs);
  timer.unref();
  return {
    close: () => {
      clearInterval(timer);
      return new Promise((resolve) => socket.close(() => resolve()));
    },
  };
}

function allInterfaces(): NetworkInterfaceInfo[] {
  return Object.values(networkInterfaces()).flatMap((list) => list ?? []);
}

/** The broadcast address of each IPv4 network that this machine has an address in, where that is of the ranges. */
export function targetsOf(
  interfaces: readonly Pick<NetworkInterfaceInfo, 'address' | 'netmask' | 'family'>[],
  ranges: readonly Range[],
): string[] {
  const targets = interfaces
    .filter(({ family, address }) => family === 'IPv4' && ranges.includes(rangeOf(address)))
    .map(({ address, netmask }) => {
      const mask = netmask.split('.').map(Number);
      return address
        .split('.')
        .map((part, i) => Number(part) | (~mask[i]! & 255))
        .join('.');
    });
  return [...new Set(targets)];
}
