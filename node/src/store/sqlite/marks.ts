import { createHmac, randomBytes } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import {
  bodyDigestOf,
  CosmicError,
  sameText,
  textsWithin,
  type EraseReason,
  type StoredBlock,
} from '@cosmicembeddings/sdk';
import type { Database, Statement } from './driver.js';
import { createFile } from '../durable.js';

type Bytes = Pick<StoredBlock, 'format' | 'envelope' | 'body'>;

const KEY_BYTES = 32;

export const withholdKeyFile = (folder: string): string => join(folder, 'withhold.key');

/**
 * What does not come back under another id: bodies by their digest, texts by a keyed hash. The key stands in a file of its
 * own and in no backup, so that whoever reads a copy of the store cannot try which texts were taken down.
 */
export class Marks {
  private readonly statements: Readonly<Record<string, Statement>>;
  private bodies: number;
  private texts: number;
  private key: Uint8Array | undefined;

  constructor(
    database: Database,
    private readonly storePath: string,
  ) {
    this.statements = {
      add: database.prepare('INSERT OR IGNORE INTO withheld_marks VALUES (?, ?, ?)'),
      find: database.prepare('SELECT reason FROM withheld_marks WHERE what = ? AND mark = ?'),
      count: database.prepare('SELECT count(*) AS n FROM withheld_marks WHERE what = ?'),
    };
    [this.bodies, this.texts] = [this.count('body'), this.count('text')];
  }

  addBody(block: Bytes, reason: EraseReason): void {
    const digest = bodyDigestOf(block);
    if (digest === undefined) return;
    this.statements['add']!.run('body', digest, reason);
    this.bodies += 1;
  }

  addText(text: string, reason: EraseReason): void {
    this.statements['add']!.run('text', this.textMark(sameText(text)), reason);
    this.texts += 1;
  }

  /** Why this block is not kept, when it brings back what was taken down; undefined for all others. */
  reasonFor(block: Bytes): EraseReason | undefined {
    if (this.bodies > 0) {
      const digest = bodyDigestOf(block);
      const reason = digest === undefined ? undefined : this.find('body', digest);
      if (reason !== undefined) return reason;
    }
    if (this.texts === 0) return undefined;
    for (const text of textsWithin(block)) {
      const reason = this.find('text', this.textMark(text));
      if (reason !== undefined) return reason;
    }
    return undefined;
  }

  /** After a failed transaction. */
  recount(): void {
    [this.bodies, this.texts] = [this.count('body'), this.count('text')];
  }

  private count(what: string): number {
    return Number(this.statements['count']!.get(what)!['n']);
  }

  private find(what: string, mark: Uint8Array): EraseReason | undefined {
    return this.statements['find']!.get(what, mark)?.['reason'] as EraseReason | undefined;
  }

  private textMark(text: string): Uint8Array {
    this.key ??= keyOf(dirname(this.storePath));
    return new Uint8Array(createHmac('sha256', this.key).update(text).digest());
  }
}

/** @throws CosmicError key.malformed */
function keyOf(folder: string): Uint8Array {
  const path = withholdKeyFile(folder);
  if (!existsSync(path)) createFile(path, `${randomBytes(KEY_BYTES).toString('hex')}\n`);
  const text = readFileSync(path, 'utf8').trim();
  if (!/^[0-9a-f]{64}$/.test(text)) throw new CosmicError('key.malformed', `${path}: expected 64 hexadecimal digits`);
  return Buffer.from(text, 'hex');
}
