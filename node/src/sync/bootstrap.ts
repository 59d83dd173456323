import { readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Cursor } from '@cosmicembeddings/sdk';

/** How far the feed of one peer was taken. */
export interface FeedPlace {
  /** Its proven identity, else its address. */
  readonly peer: string;
  readonly upTo: Cursor;
}

/** Where the place of a feed is kept between runs. */
export interface FeedFile {
  load(): Promise<FeedPlace | undefined>;
  save(place: FeedPlace | undefined): Promise<void>;
}

/**
 * `feed.json` of a data folder. Written after what it speaks of is durable, and not itself forced to disk: where it is lost, or
 * older than what was taken, comparing the sets makes up for it.
 */
export function feedFile(folder: string): FeedFile {
  const path = join(folder, 'feed.json');
  return {
    load: async () => placeOf(await readFile(path, 'utf8').catch(() => '')),
    save: async (place) => {
      if (place === undefined) return rm(path, { force: true });
      await writeFile(`${path}.new`, `${JSON.stringify({ version: 1, ...place })}\n`, { mode: 0o600 });
      await rename(`${path}.new`, path);
    },
  };
}

function placeOf(text: string): FeedPlace | undefined {
  try {
    const { peer, upTo } = JSON.parse(text) as Partial<FeedPlace>;
    const sound = typeof peer === 'string' && typeof upTo?.epoch === 'string' && Number.isSafeInteger(upTo.seq);
    return sound ? { peer, upTo: { epoch: upTo.epoch, seq: upTo.seq } } : undefined;
  } catch {
    return undefined;
  }
}

export interface BootstrapLimits {
  /** A peer with fewer blocks, or not twice as many as are here, is compared with instead. */
  readonly feedMin: number;
  /** Others are compared with, too, once a feed has taken so long. */
  readonly feedMs: number;
}

/**
 * One node has (nearly) nothing and dials another that has much: then it takes all in bulk, in the other's order, before
 * sets are compared. One feed at a time, of peers that this node dialled; interrupted, it goes on from where it was.
 */
export class Bootstrap {
  private place: FeedPlace | undefined;
  private current: { readonly connection: string; readonly peer: string } | undefined;
  /** When the first feed began. */
  private firstMs: number | undefined;
  private saving: Promise<void> = Promise.resolve();
  private unsaved = false;

  constructor(
    private readonly limits: BootstrapLimits,
    private readonly file: FeedFile | undefined,
    private readonly onError: (error: unknown) => void,
  ) {}

  async load(): Promise<void> {
    this.place = await this.file?.load();
  }

  /** Should this connection feed the node now, and from where on? */
  begin(
    connection: string,
    peer: string,
    blocks: { readonly theirs: number; readonly ours: number },
    nowMs: number,
  ): { readonly after?: Cursor } | undefined {
    if (this.current !== undefined) return undefined;
    const goesOn = this.place?.peer === peer;
    if (!goesOn && (blocks.theirs < this.limits.feedMin || blocks.theirs < 2 * blocks.ours)) return undefined;
    this.current = { connection, peer };
    this.firstMs ??= nowMs;
    return goesOn ? { after: this.place!.upTo } : {};
  }

  /**
   * Do others wait with comparing, since most of what they would find is on its way? For so long since the first feed began: peers
   * that take turns at promising much and giving little keep nobody's blocks out.
   */
  holdsBack(connection: string, nowMs: number): boolean {
    const { current, firstMs = nowMs } = this;
    return current !== undefined && current.connection !== connection && nowMs - firstMs < this.limits.feedMs;
  }

  isFeeding(connection: string): boolean {
    return this.current?.connection === connection;
  }

  /** All that the feed gave up to here is durable. */
  reached(connection: string, upTo: Cursor): void {
    if (!this.isFeeding(connection)) return;
    this.place = { peer: this.current!.peer, upTo };
    this.save();
  }

  /** The feed has ended: for good, with nothing to go on with, or with its connection. */
  end(connection: string, forGood: boolean): void {
    if (!this.isFeeding(connection)) return;
    this.current = undefined;
    if (!forGood) return;
    this.place = undefined;
    this.save();
  }

  /** Until the place is kept. */
  settled(): Promise<void> {
    return this.saving;
  }

  private save(): void {
    if (this.file === undefined || this.unsaved) return;
    this.unsaved = true;
    this.saving = this.saving.then(async () => {
      this.unsaved = false;
      await this.file!.save(this.place).catch(this.onError);
    });
  }
}
