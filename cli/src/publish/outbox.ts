import {
  closeSync,
  fsyncSync,
  linkSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { makeHome } from '../settings.js';
import type { PublishedLine } from './journal.js';

/** Signed blocks of one document on their way to a node. */
export interface Parcel {
  /** What the journal will say once the node has them. */
  readonly line: PublishedLine;
  readonly rows: number;
  /** As they were signed. */
  readonly wires: readonly Uint8Array[];
}

/**
 * What is about to be sent, one file for each document and node, by name. Whoever comes first with a document decides its
 * bytes: a second call, at the same time or after a crash, sends those and makes none of its own.
 */
export interface Outbox {
  get(name: string): Parcel | undefined;
  /** Keeps the parcel, durable when it returns, unless there is one of that name; answers the one that counts. */
  claim(name: string, parcel: Parcel): Parcel;
  /** The node has it, or it will never be sent. */
  drop(name: string): void;
  all(): { readonly name: string; readonly parcel: Parcel }[];
}

export function openOutbox(home: string): Outbox {
  const folder = join(home, 'outbox');
  const pathOf = (name: string): string => join(folder, `${name}.json`);
  const get = (name: string): Parcel | undefined => {
    let text: string;
    try {
      text = readFileSync(pathOf(name), 'utf8');
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
      throw error;
    }
    const parcel = parsed(text);
    return parcel && { ...parcel, wires: parcel.wires.map((wire) => new Uint8Array(Buffer.from(wire, 'base64'))) };
  };
  return {
    get,
    claim: (name, parcel) => {
      makeHome(home);
      mkdirSync(folder, { recursive: true, mode: 0o700 });
      const draft = join(folder, `${name}.${process.pid}.draft`);
      const wires = parcel.wires.map((wire) => Buffer.from(wire).toString('base64'));
      const handle = openSync(draft, 'w', 0o600);
      try {
        writeSync(handle, JSON.stringify({ ...parcel, wires }));
        fsyncSync(handle);
      } finally {
        closeSync(handle);
      }
      try {
        // Fails where the name is taken, which writing a file by its name does not.
        linkSync(draft, pathOf(name));
        return parcel;
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
        const theirs = get(name);
        if (theirs === undefined) renameSync(draft, pathOf(name));
        return theirs ?? parcel;
      } finally {
        rmSync(draft, { force: true });
      }
    },
    drop: (name) => rmSync(pathOf(name), { force: true }),
    all: () => {
      let files: string[];
      try {
        files = readdirSync(folder);
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
        throw error;
      }
      return files.flatMap((file) => {
        const name = /^(\w+)\.json$/.exec(file)?.[1];
        const parcel = name === undefined ? undefined : get(name);
        return parcel === undefined ? [] : [{ name: name!, parcel }];
      });
    },
  };
}

/** Undefined for a file that a loss of power has emptied. */
function parsed(text: string): (Omit<Parcel, 'wires'> & { readonly wires: readonly string[] }) | undefined {
  try {
    return JSON.parse(text) as Omit<Parcel, 'wires'> & { wires: string[] };
  } catch {
    return undefined;
  }
}
