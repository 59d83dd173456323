import { readdir, stat, statfs } from 'node:fs/promises';
import { join } from 'node:path';
import type { Accepted, Clock } from '@cosmicembeddings/sdk';

export interface DiskLimits {
  readonly data: string;
  /** What the data folder may take. */
  readonly dataMaxBytes: number;
  /** What has to stay free on its disk; of a small disk at most a twentieth. */
  readonly freeMinBytes: number;
}

export interface Disk {
  /** Is there room for a block of so many bytes? What is `owed` is taken as long as the disk itself takes it. */
  hasRoom(bytes: number, owed: boolean): boolean;
  close(): void;
}

const LOOK_MS = 5_000;
/** What a block takes beside its own bytes: catalogue, words, vectors. */
const BESIDE = 3;

/** Looks at the disk now and then, and counts in between. */
export async function watchDisk(limits: DiskLimits, clock: Clock): Promise<Disk> {
  const stopping = new AbortController();
  let [left, since] = [await leftOf(limits), 0];
  void (async () => {
    while (!stopping.signal.aborted) {
      await clock.sleep(LOOK_MS, stopping.signal);
      [left, since] = [await leftOf(limits), 0];
    }
  })().catch(() => undefined);
  return {
    hasRoom: (bytes, owed) => {
      if (owed) return true;
      since += BESIDE * bytes;
      return since <= left;
    },
    close: () => stopping.abort(new Error('closed')),
  };
}

/** Bytes until the nearer of both limits. */
async function leftOf({ data, dataMaxBytes, freeMinBytes }: DiskLimits): Promise<number> {
  const { bavail, blocks, bsize } = await statfs(data);
  const free = bavail * bsize - Math.min(freeMinBytes, (blocks * bsize) / 20);
  return dataMaxBytes === Number.MAX_SAFE_INTEGER ? free : Math.min(free, dataMaxBytes - (await bytesIn(data)));
}

async function bytesIn(folder: string): Promise<number> {
  let bytes = 0;
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    // A file may go while it is looked at.
    bytes += entry.isDirectory() ? await bytesIn(path) : ((await stat(path).catch(() => undefined))?.size ?? 0);
  }
  return bytes;
}

/** Room for some groups of blocks and the log's growth. */
const ROOM_BYTES = 4 * 1024 * 1024;

/** Has a block found no room, with none that found some since? */
export interface FullDisk {
  note(answer: Accepted): void;
  /** Ends as soon as the disk has room again. */
  isFull(): Promise<boolean>;
}

export function noteFullDisk(folder: string): FullDisk {
  let full = false;
  return {
    note(answer) {
      if (answer.status === 'stored') full = false;
      else if (answer.status === 'rejected' && answer.code === 'node.storage_full') full = true;
    },
    async isFull() {
      if (full) full = (await freeBytes(folder)) < ROOM_BYTES;
      return full;
    },
  };
}

async function freeBytes(folder: string): Promise<number> {
  const { bavail, bsize } = await statfs(folder);
  return bavail * bsize;
}
