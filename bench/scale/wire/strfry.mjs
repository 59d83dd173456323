/** strfry, a relay of signed events, where its program is named (`--strfry PATH`): import from a file, and EVENT until OK. */
import { mkdirSync, mkdtempSync, openSync, rmSync, writeFileSync } from 'node:fs';
import { createConnection } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runClient } from '../client.mjs';
import { bytesByFile } from '../running.mjs';
import { cpuSecondsOf, freePort, spawnPeer } from './set-up.mjs';

const EVENTS = 20_000;
const IN_FLIGHT = 512;
const LIMIT_MS = 180_000;

export async function measureStrfry({ binary, seed }, report) {
  const say = (figures) => report('strfry', { peer: 'strfry', ...figures });
  if (binary === undefined) return say({ skipped: 'no program was named: build strfry and give --strfry PATH' });
  const folder = mkdtempSync(join(tmpdir(), 'cosmic-wire-'));
  try {
    const file = join(folder, 'events.jsonl');
    const { eventBytes } = await runClient('./wire/events.mjs', { make: EVENTS, seed, file });
    const port = await freePort();
    const config = (name) => {
      const data = join(folder, name);
      mkdirSync(data);
      const path = join(folder, `${name}.conf`);
      writeFileSync(
        path,
        `db = "${data}/"\ndbParams { mapsize = 10000000000 }\nrelay { bind = "127.0.0.1"\nport = ${port}\nnofiles = 0\n}\n`,
      );
      return { data, path };
    };
    const once = async (path, input) => {
      const started = performance.now();
      const running = spawnPeer(binary, [`--config=${path}`, 'import'], { stdio: [openSync(input), 'ignore', 'pipe'] });
      const timer = setTimeout(() => running.kill(), LIMIT_MS);
      await running.ended;
      clearTimeout(timer);
      if (running.exitCode() !== 0) throw new Error(`import: ${running.said().trim().split('\n').at(-1)}`);
      return (performance.now() - started) / 1000;
    };
    const empty = await once(config('nothing').path, '/dev/null');
    const imported = config('imported');
    const importSeconds = (await once(imported.path, file)) - empty;
    const { data, path } = config('relayed');
    const relay = spawnPeer(binary, [`--config=${path}`, 'relay']);
    await untilListening(port, relay);
    let before;
    const { perSecond, clientCpuSeconds } = await runClient(
      './wire/events.mjs',
      { port, file, inFlight: IN_FLIGHT },
      () => (before = cpuSecondsOf(relay.pid)),
    );
    const serverCpuUsPerEvent = Math.round(((cpuSecondsOf(relay.pid) - before) * 1e6) / EVENTS);
    await relay.stop();
    const bytes = bytesByFile(data)['data.mdb'];
    say({
      events: EVENTS,
      eventBytes,
      importPerSecond: Math.round(EVENTS / importSeconds),
      relayPerSecond: perSecond,
      inFlight: IN_FLIGHT,
      serverCpuUsPerEvent,
      clientCpuSeconds,
      bytesPerEvent: Math.round(bytes / EVENTS),
      durable: 'LMDB commits of many events, as it comes',
    });
  } catch (error) {
    say({ skipped: String(error.message ?? error).split('\n')[0] });
    console.error(error);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function untilListening(port, relay) {
  const started = performance.now();
  while (!(await isListening(port))) {
    if (relay.hasEnded() || performance.now() - started > 30_000)
      throw new Error(`relay: ${relay.said().trim().split('\n').at(-1)}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

const isListening = (port) =>
  new Promise((resolve) => {
    const socket = createConnection(port, '127.0.0.1', () => resolve(true));
    socket.on('error', () => resolve(false));
    socket.on('connect', () => socket.destroy());
  });
