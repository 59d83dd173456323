// What a disk may hold after the power went: from a log of calls (shim.c) to folders.
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

const OPS = [
  undefined,
  'create',
  'write',
  'truncate',
  'sync',
  'rename',
  'unlink',
  'mkdir',
  'rmdir',
  'link',
  'mark',
  'mapped',
];
const HEAD_BYTES = 32;

/** The records of a log in their order: {op, path, data, inode, offset}. */
export function readLog(bytes) {
  const records = [];
  for (let at = 0; at < bytes.length;) {
    const pathBytes = bytes.readUInt32LE(at + 4);
    const dataBytes = bytes.readUInt32LE(at + 8);
    const path = bytes.toString('utf8', at + HEAD_BYTES, at + HEAD_BYTES + pathBytes);
    const data = bytes.subarray(at + HEAD_BYTES + pathBytes, at + HEAD_BYTES + pathBytes + dataBytes);
    records.push({
      op: OPS[bytes[at]],
      path,
      data,
      inode: bytes.readBigUInt64LE(at + 16),
      offset: Number(bytes.readBigUInt64LE(at + 24)),
    });
    at += HEAD_BYTES + pathBytes + dataBytes;
  }
  return records;
}

/** Bytes of a file that can grow. */
class Content {
  bytes = Buffer.alloc(0);
  size = 0;

  apply({ op, offset, data }) {
    if (op === 'truncate') return this.resize(offset);
    const end = offset + data.length;
    if (end > this.size) this.resize(end);
    data.copy(this.bytes, offset);
  }

  resize(size) {
    if (size > this.bytes.length) {
      const grown = Buffer.alloc(Math.max(size, this.bytes.length * 2));
      this.bytes.copy(grown, 0, 0, this.size);
      this.bytes = grown;
    }
    if (size < this.size) this.bytes.fill(0, size, this.size);
    this.size = size;
  }

  copy() {
    const copy = new Content();
    copy.bytes = Buffer.from(this.bytes.subarray(0, this.size));
    copy.size = this.size;
    return copy;
  }

  get all() {
    return this.bytes.subarray(0, this.size);
  }
}

const newFile = () => ({ durable: new Content(), pending: [] });
const newFolder = () => ({ names: new Map(), durable: new Map(), pending: [] });

/** What is synced and what is not, at any place in a log. The root folder itself is taken to be there. */
export class Disk {
  root = newFolder();
  /** By the kernel's number, which a later file may get again. */
  byInode = new Map();
  mapped = new Set();

  /** Plays one record. */
  play(record) {
    const { op, path, inode, data } = record;
    if (op === 'create' || op === 'mkdir') {
      const node = op === 'create' ? newFile() : newFolder();
      this.byInode.set(inode, node);
      this.change(path, [[path, node]]);
    } else if (op === 'write' || op === 'truncate') this.byInode.get(inode).pending.push(record);
    else if (op === 'sync') sync(this.byInode.get(inode) ?? this.root);
    else if (op === 'unlink' || op === 'rmdir') this.change(path, [[path, undefined]]);
    else if (op === 'rename' || op === 'link') {
      const to = data.toString();
      if (dirname(to) !== dirname(path)) throw new Error(`${path} → ${to}: between two folders`);
      const moved = this.find(path);
      this.change(
        path,
        op === 'rename'
          ? [
              [path, undefined],
              [to, moved],
            ]
          : [[to, moved]],
      );
    } else if (op === 'mapped') this.mapped.add(path);
  }

  find(path) {
    let node = this.root;
    for (const name of path.split('/').filter((part) => part !== '.' && part !== '')) node = node?.names.get(name);
    return node;
  }

  /** One change of names, all of it or nothing. */
  change(path, changes) {
    const folder = this.find(dirname(path));
    const step = changes.map(([at, node]) => [at.split('/').at(-1), node]);
    rename(folder.names, step);
    folder.pending.push(step);
  }

  /** Every file with all that was written, synced or not: what the running system saw. */
  *now(folder = this.root, path = '') {
    for (const [name, node] of folder.names)
      if (node.names !== undefined) yield* this.now(node, join(path, name));
      else {
        const content = node.durable.copy();
        for (const write of node.pending) content.apply(write);
        yield [join(path, name), content.all];
      }
  }

  /** Writes one state that the disk may be in into a folder; `random` decides which. Answers how it was chosen. */
  write(target, random) {
    const chosen = [];
    const contents = new Map();
    const visit = (folder, path) => {
      mkdirSync(join(target, path), { recursive: true });
      const names = new Map(folder.durable);
      const steps = someOf(folder.pending, random);
      if (folder.pending.length > 0) chosen.push(`${path || '.'}: ${steps.how} of ${folder.pending.length} names`);
      for (const step of steps.chosen) rename(names, step);
      for (const [name, node] of names) {
        const at = join(path, name);
        if (node.names !== undefined) {
          visit(node, at);
          continue;
        }
        if (name.endsWith('-shm')) {
          const bytes = sharedMemory(random);
          if (bytes !== undefined) writeFileSync(join(target, at), bytes);
          continue;
        }
        if (!contents.has(node)) {
          const { content, how } = afterLoss(node, random);
          if (how !== undefined) chosen.push(`${at}: ${how}`);
          contents.set(node, content);
        }
        writeFileSync(join(target, at), contents.get(node).all);
      }
    };
    visit(this.root, '');
    return chosen;
  }
}

function rename(names, step) {
  for (const [name, node] of step)
    if (node === undefined) names.delete(name);
    else names.set(name, node);
}

function sync(node) {
  if (node.names === undefined) for (const write of node.pending) node.durable.apply(write);
  else for (const step of node.pending) rename(node.durable, step);
  node.pending = [];
}

const pick = (random, weights) => {
  let at = random() * Object.values(weights).reduce((sum, weight) => sum + weight, 0);
  for (const [name, weight] of Object.entries(weights)) if ((at -= weight) < 0) return name;
};

function someOf(pending, random) {
  const how = pick(random, { none: 20, all: 20, first: 30, some: 30 });
  const upTo = Math.floor(random() * (pending.length + 1));
  const share = [0.1, 0.5, 0.9][Math.floor(random() * 3)];
  const keep = { none: () => false, all: () => true, first: (_, i) => i < upTo, some: () => random() < share }[how];
  return { how, chosen: pending.filter(keep) };
}

/** Nothing, everything, a beginning with its last write torn, or any writes, each perhaps torn; sizes go their own way. */
function afterLoss({ durable, pending }, random) {
  if (pending.length === 0) return { content: durable };
  const content = durable.copy();
  const sector = random() < 0.5 ? 512 : 4096;
  const tear = random() < 0.5;
  const { how, chosen } = someOf(pending, random);
  chosen.forEach((write, i) => {
    const torn = tear && write.op === 'write' && (how === 'some' ? random() < 0.3 : i === chosen.length - 1);
    const parts = torn ? [...sectorsOf(write, sector)].filter(() => random() < 0.5) : [write];
    for (const part of parts) content.apply(part);
  });
  const shrinks = pending.some(({ op }) => op === 'truncate');
  const fullSize = Math.max(...pending.map(({ op, offset, data }) => (op === 'truncate' ? 0 : offset + data.length)));
  const size = random();
  if (size < 0.25 && fullSize > content.size) content.resize(fullSize);
  else if (size < 0.4 && !shrinks && content.size > durable.size) content.resize(durable.size);
  const text = `${how} of ${pending.length} writes${tear ? `, torn at ${sector}` : ''}, ${content.size} of ${fullSize} bytes`;
  return { content, how: text };
}

function* sectorsOf({ offset, data }, sector) {
  for (let at = 0; at < data.length;) {
    const size = Math.min(data.length - at, sector - ((offset + at) % sector));
    yield { op: 'write', offset: offset + at, data: data.subarray(at, at + size) };
    at += size;
  }
}

/** The log's index in shared memory is written through a mapping: it may be gone, or anything at all. */
function sharedMemory(random) {
  const how = pick(random, { gone: 40, zeros: 20, noise: 40 });
  if (how === 'gone') return undefined;
  const bytes = Buffer.alloc(32_768);
  if (how === 'noise') for (let i = 0; i < bytes.length; i++) bytes[i] = Math.floor(random() * 256);
  return bytes;
}
