import { linkSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { CosmicError } from '@cosmicembeddings/sdk';
import { createFile, makeFolder } from '../durable.js';
import { takeKernelLock } from './kernel-lock.js';

interface Holder {
  readonly pid: number;
  readonly host: string;
  readonly startedAt: string;
  /** When the kernel started the process, in its own clock ticks: tells it from a later process of the same number. */
  readonly ticks?: string;
  /** Which start of the machine: after a loss of power the lock is nobody's, whatever number it names. */
  readonly boot?: string;
  /** It holds the kernel's lock as well: when that is free, this is nobody's. */
  readonly kernel?: boolean;
}

/**
 * Takes the data folder for this process: the kernel's lock where SQLite has one, and a file that says who holds it. What a
 * dead process left is taken over, also that of a container whose host name is gone.
 * @throws CosmicError store.locked
 */
export function lockFolder(folder: string): () => void {
  makeFolder(folder);
  const path = join(folder, 'lock');
  const kernel = takeKernelLock(folder);
  if (kernel === 'taken') throw lockedBy(folder, holderOf(readText(path)), '');
  try {
    sayWhoHolds(folder, path, kernel !== undefined);
  } catch (error) {
    kernel?.();
    throw error;
  }
  return () => {
    rmSync(path, { force: true });
    kernel?.();
  };
}

function sayWhoHolds(folder: string, path: string, kernel: boolean): void {
  const ticks = startTicks(process.pid);
  const boot = bootId();
  const own: Holder = {
    pid: process.pid,
    host: hostname(),
    startedAt: new Date().toISOString(),
    ...(ticks === undefined ? {} : { ticks }),
    ...(boot === undefined ? {} : { boot }),
    ...(kernel ? { kernel } : {}),
  };
  for (let attempt = 0; attempt < 3; attempt++) {
    if (createFile(path, JSON.stringify(own) + '\n')) return;
    const found = readText(path);
    const holder = holderOf(found);
    const isStale = kernel && holder?.kernel === true;
    if (holder !== undefined && !isStale && isAlive(holder)) throw lockedBy(folder, holder, elsewhere(holder, path));
    putAside(path, found);
  }
  throw new CosmicError('store.locked', `${folder}: another process is taking it now`);
}

function lockedBy(folder: string, holder: Holder | undefined, advice: string): CosmicError {
  const who =
    holder === undefined ? 'another process' : `process ${holder.pid} on ${holder.host} since ${holder.startedAt}`;
  return new CosmicError('store.locked', `${folder} is held by ${who}${advice}`);
}

/** Does a process that lives hold the folder now? */
export function isHeld(folder: string): boolean {
  const holder = holderOf(readText(join(folder, 'lock')));
  return holder !== undefined && isAlive(holder);
}

/** Takes a dead process's lock away; when another process was quicker and this is its lock, puts it back. */
function putAside(path: string, stale: string | undefined): void {
  const aside = `${path}.stale.${process.pid}`;
  try {
    renameSync(path, aside);
    if (readText(aside) !== stale) linkSync(aside, path);
  } catch (error) {
    if (!['ENOENT', 'EEXIST'].includes((error as NodeJS.ErrnoException).code ?? '')) throw error;
  } finally {
    rmSync(aside, { force: true, recursive: true });
  }
}

function readText(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}

function holderOf(text: string | undefined): Holder | undefined {
  try {
    const holder = JSON.parse(text ?? '') as Holder;
    return Number.isInteger(holder.pid) ? holder : undefined;
  } catch {
    return undefined;
  }
}

/** A process of another host cannot be asked, so it counts as alive. */
function isAlive(holder: Holder): boolean {
  if (holder.host !== hostname()) return true;
  const boot = bootId();
  if (boot !== undefined && holder.boot !== undefined && boot !== holder.boot) return false;
  const ticks = startTicks(holder.pid);
  if (ticks !== undefined && holder.ticks !== undefined) return ticks === holder.ticks;
  try {
    process.kill(holder.pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

function elsewhere(holder: Holder, path: string): string {
  return holder.host === hostname() ? '' : `; if that host no longer runs it, remove ${path}`;
}

/** random(4); undefined where there is no such file. */
function bootId(): string | undefined {
  return readText('/proc/sys/kernel/random/boot_id')?.trim();
}

/** Field 22 of /proc/<pid>/stat (proc(5)); undefined where there is no such file. */
function startTicks(pid: number): string | undefined {
  const stat = readText(`/proc/${pid}/stat`);
  return stat?.slice(stat.lastIndexOf(')') + 2).split(' ')[19];
}
