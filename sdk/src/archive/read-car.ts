import { concatBytes, equalBytes } from '../bytes.js';
import { goneBody } from '../block/wire.js';
import { Cid } from '../codec/cid.js';
import { decode } from '../codec/decode.js';
import { isMap, type Value } from '../codec/value.js';
import { sha256 } from '../crypto/hash.js';
import { CosmicError } from '../errors.js';
import { limits, wireMaxBytes } from '../limits.js';
import { readPart, readRoot, type Entry } from './manifest.js';
import { readVarint } from './varint.js';

/** A part of a manifest, or a block's largest section. */
const SECTION_MAX_BYTES = wireMaxBytes + 64;
const PENDING_MAX_BYTES = 256 * 1024 * 1024;

/**
 * The blocks of a CAR that `writeCar` made or another IPLD tool re-packed, as they are on the wire; the order within the
 * file does not matter, though one that is far from ours costs memory. Sections that no manifest names are skipped. The
 * blocks are as signed and still have to be checked.
 * @throws CosmicError archive.malformed
 */
export async function* readCar(chunks: AsyncIterable<Uint8Array> | Iterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  const reader = new SectionReader(chunks);
  const root = rootCid(await reader.head());
  const assembly = new Assembly(root);
  for (let section = await reader.section(); section !== undefined; section = await reader.section())
    yield* assembly.take(section);
  assembly.end();
}

function rootCid(head: Uint8Array): Cid {
  const header = decoded(head, 'header');
  const roots = isMap(header) && header['version'] === 1 ? header['roots'] : undefined;
  const root = Array.isArray(roots) && roots.length === 1 ? (roots[0] as Value) : undefined;
  if (!(root instanceof Cid)) throw malformed('expected CAR version 1 with one root');
  return root;
}

/** Puts blocks together from sections in any order. */
class Assembly {
  private readonly waiting = new Map<string, Entry[]>();
  private readonly parts = new Set<string>();
  private readonly have = new Map<string, Uint8Array>();
  private haveBytes = 0;
  private rootSeen = false;

  constructor(private readonly root: Cid) {}

  *take({ cid, bytes }: { cid: Cid; bytes: Uint8Array }): Iterable<Uint8Array> {
    if (cid.equals(this.root)) {
      const parts = readRoot(decoded(bytes, 'root'));
      if (parts === undefined) throw malformed('the root is no manifest of blocks');
      this.rootSeen = true;
      for (const part of parts) {
        this.parts.add(part.text);
        const early = this.have.get(part.text);
        if (early !== undefined) yield* this.takePart(part, early);
      }
    } else if (this.parts.has(cid.text)) yield* this.takePart(cid, bytes);
    else {
      this.keep(cid.text, bytes);
      for (const entry of this.waiting.get(cid.text) ?? []) yield* this.complete(entry);
    }
  }

  private *takePart(cid: Cid, bytes: Uint8Array): Iterable<Uint8Array> {
    const entries = readPart(decoded(bytes, 'part of the manifest'));
    if (entries === undefined) throw malformed(`${cid.text} is no part of a manifest`);
    this.parts.delete(cid.text);
    this.drop(cid.text);
    for (const entry of entries) {
      for (const name of new Set(entry.flatMap((one) => (one === null ? [] : [one.text])))) {
        const list = this.waiting.get(name);
        if (list === undefined) this.waiting.set(name, [entry]);
        else list.push(entry);
      }
    }
    for (const entry of entries) yield* this.complete(entry);
  }

  private *complete(entry: Entry): Iterable<Uint8Array> {
    const [envelope, header, body] = entry;
    const names = entry.flatMap((one) => (one === null ? [] : [one.text]));
    if (!names.every((name) => this.have.has(name)) || this.waiting.get(envelope.text)?.includes(entry) !== true)
      return;
    yield header === null
      ? this.have.get(envelope.text)!
      : concatBytes(this.have.get(envelope.text)!, body === null ? goneBody : this.have.get(body.text)!);
    for (const name of names) {
      const rest = (this.waiting.get(name) ?? []).filter((other) => other !== entry);
      if (rest.length > 0) this.waiting.set(name, rest);
      else {
        this.waiting.delete(name);
        this.drop(name);
      }
    }
  }

  private keep(name: string, bytes: Uint8Array): void {
    if (this.have.has(name)) return;
    this.have.set(name, bytes);
    this.haveBytes += bytes.length;
    if (this.haveBytes > PENDING_MAX_BYTES)
      throw malformed(`more than ${PENDING_MAX_BYTES} bytes of sections before the manifest that names them`);
  }

  private drop(name: string): void {
    this.haveBytes -= this.have.get(name)?.length ?? 0;
    this.have.delete(name);
  }

  /** @throws CosmicError archive.malformed when a block is not whole */
  end(): void {
    if (!this.rootSeen) throw malformed('the root is not in the file');
    const missing =
      this.parts.size > 0 ? [...this.parts][0] : [...this.waiting.keys()].find((name) => !this.have.has(name));
    if (missing !== undefined) throw malformed(`${missing} is not in the file`);
  }
}

/** Cuts a stream into the header and sections, whatever the pieces it comes in. */
class SectionReader {
  private readonly source: AsyncIterator<Uint8Array> | Iterator<Uint8Array>;
  private buffer: Uint8Array = new Uint8Array(0);

  constructor(chunks: AsyncIterable<Uint8Array> | Iterable<Uint8Array>) {
    this.source = Symbol.asyncIterator in chunks ? chunks[Symbol.asyncIterator]() : chunks[Symbol.iterator]();
  }

  async head(): Promise<Uint8Array> {
    const head = await this.item();
    if (head === undefined) throw malformed('the file is empty');
    return head;
  }

  async section(): Promise<{ cid: Cid; bytes: Uint8Array } | undefined> {
    const item = await this.item();
    if (item === undefined) return undefined;
    const cid = new Cid(item.slice(0, 36));
    const { digest } = cid;
    if (digest === undefined) throw malformed('a section’s CID is not of sha2-256 with codec dag-cbor or raw');
    const bytes = item.slice(36);
    if (!equalBytes(sha256(bytes), digest)) throw malformed(`${cid.text} does not name the bytes behind it`);
    return { cid, bytes };
  }

  private async item(): Promise<Uint8Array | undefined> {
    let size = this.size();
    while (size === undefined && (await this.more())) size = this.size();
    if (size === undefined) {
      if (this.buffer.length > 0) throw malformed('the file ends inside a section');
      return undefined;
    }
    const end = size.length + size.value;
    if (size.value > SECTION_MAX_BYTES)
      throw malformed(`a section of ${size.value} bytes, at most ${SECTION_MAX_BYTES}`);
    while (this.buffer.length < end) if (!(await this.more())) throw malformed('the file ends inside a section');
    const item = this.buffer.subarray(size.length, end);
    this.buffer = this.buffer.subarray(end);
    return item;
  }

  private size(): { readonly value: number; readonly length: number } | undefined {
    try {
      return readVarint(this.buffer, 0);
    } catch (cause) {
      throw new CosmicError('archive.malformed', (cause as Error).message, { cause });
    }
  }

  private async more(): Promise<boolean> {
    const next = await this.source.next();
    if (next.done === true) return false;
    this.buffer = this.buffer.length === 0 ? next.value : concatBytes(this.buffer, next.value);
    return true;
  }
}

function decoded(bytes: Uint8Array, what: string): Value {
  try {
    return decode(bytes, { nestingMax: limits.nestingMax });
  } catch (cause) {
    throw new CosmicError('archive.malformed', `${what}: ${(cause as Error).message}`, { cause });
  }
}

function malformed(detail: string): CosmicError {
  return new CosmicError('archive.malformed', detail);
}
