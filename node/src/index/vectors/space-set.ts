import { existsSync, mkdirSync, readdirSync, rmSync, statSync } from 'node:fs';
import { basename, join } from 'node:path';
import type { Cursor, Head } from '@cosmicembeddings/sdk';
import { spaceIdOf, type SpaceDescriptor } from '@cosmicembeddings/sdk/space';
import { authorHash } from './guard.js';
import { freshName, readManifest, spaceFolders, sweep, writeManifest, type Manifest } from './manifest.js';
import type { RowsDamaged } from './rows.js';
import { SpaceIndex, type SpaceOptions } from './space-index.js';
import { Waiting } from './waiting.js';

export interface SpaceSetParts extends Omit<SpaceOptions, 'folder' | 'seed'> {
  /** Without a folder nothing is saved. */
  readonly folder?: string;
  readonly saveEveryMs: number;
  readonly nowMs: () => number;
  /** Resolves after other events had their turn. */
  readonly yieldTurn: () => Promise<void>;
}

interface Built {
  /** Of its folder. */
  readonly name: string;
  readonly space: SpaceIndex;
}

/**
 * Which spaces an index holds, and their files: those that answer, those that are built beside one of them and take its place
 * when they are complete, and those that wait. What is lost or damaged is never the end: the rest answers on. Decides
 * nothing about when rows come or go.
 */
export class SpaceSet {
  /** Those that answer. */
  readonly answering = new Map<string, SpaceIndex>();
  /** Those that are built beside one that answers. */
  readonly builds = new Map<string, Built>();
  /** Spaces that keep a graph, and those that may have work to do: the others are many and need no looking at. */
  readonly large = new Set<SpaceIndex>();
  readonly busy = new Map<SpaceIndex, string>();
  waiting = new Waiting();
  /** How far the store is contained. */
  position: Cursor;
  /** Is there something that a manifest has to say anew? */
  changed = false;
  /** What happened to spaces, for whoever reads a status; why the last save failed, undefined since one succeeded. */
  events: string[] = [];
  unsaved: string | undefined;
  /** Of spaces that answer: their folders' names, where these are not their own. */
  private readonly folders = new Map<string, string>();
  /** Folders that go when no manifest names them any more. */
  private retired: string[] = [];
  private seed: number;
  private savedSeqs: Record<string, number> = {};
  private savedBuilds: Record<string, number> = {};
  private savedMs: number;
  private saving: Promise<void> | undefined;

  /** Opens what the folder holds; lost, damaged and foreign files are left behind and built again from the store. */
  constructor(
    private readonly parts: SpaceSetParts,
    head: Head,
  ) {
    this.position = { epoch: head.epoch, seq: 0 };
    this.seed = seedOf(head.epoch);
    this.savedMs = parts.nowMs();
    this.load(head);
  }

  /** Another life of the store: what was indexed belongs to the earlier one. */
  async restart(epoch: string): Promise<void> {
    for (const space of this.all()) await space.close();
    for (const known of [this.answering, this.builds, this.folders, this.large, this.busy]) known.clear();
    this.waiting = new Waiting();
    this.savedSeqs = {};
    this.savedBuilds = {};
    if (this.parts.folder !== undefined) discardAll(this.parts.folder);
    this.seed = seedOf(epoch);
    this.position = { epoch, seq: 0 };
  }

  /** Is a save under way? What is being saved must not change its folder meanwhile. */
  get isSaving(): boolean {
    return this.saving !== undefined;
  }

  /** At the next turn to save, whenever the last one was. */
  saveSoon(): void {
    this.savedMs = -Infinity;
  }

  /** What was built beside answers from now on. */
  promote(id: string): void {
    const { name, space } = this.builds.get(id)!;
    const old = this.answering.get(id)!;
    this.builds.delete(id);
    delete this.savedBuilds[id];
    this.replace(id, old, space, name);
  }

  private replace(id: string, old: SpaceIndex, space: SpaceIndex, name: string): void {
    this.forget(old);
    void old.close();
    this.retired.push(this.nameOf(id));
    if (name === id) this.folders.delete(id);
    else this.folders.set(id, name);
    delete this.savedSeqs[id];
    this.answering.set(id, space);
    this.changed = true;
  }

  noteWork(id: string, space: SpaceIndex): void {
    if (space.hasWork || space.erasedMs !== null) this.busy.set(space, id);
    if (space.keepsGraph) this.large.add(space);
  }

  /**
   * Rows of a space cannot be read: it is built again from the store, beside what is left of it, while the others go on.
   * Without damage: it is whole, and built again because it is mostly holes.
   */
  lose(id: string, space: SpaceIndex, damage?: RowsDamaged): void {
    this.events = [
      ...this.events.slice(-4),
      damage === undefined
        ? `index of space ${id.slice(-8)} holds more erased rows than others and is built again`
        : `index of space ${id.slice(-8)} was damaged and is built again from the store: ${damage.message}`,
    ];
    this.changed = true;
    const build = this.builds.get(id);
    if (build?.space === space) {
      this.forget(space);
      void space.close();
      this.retired.push(build.name);
      this.builds.set(id, this.openFresh(id, space.space));
      delete this.savedBuilds[id];
      this.waiting.add(id, 0, 'lost');
      return;
    }
    // Where leaving rows out does not help, nothing of it can be read.
    const answers = damage === undefined || (space.leaveOut(damage.slots) > 0 && space.size > 0);
    if (build !== undefined) {
      if (!answers) this.promote(id);
      return;
    }
    const fresh = this.openFresh(id, space.space);
    if (answers) this.builds.set(id, fresh);
    else this.replace(id, space, fresh.space, fresh.name);
    this.waiting.add(id, 0, damage === undefined ? 'whole' : 'lost');
  }

  /** It has no part in background work any more. */
  private forget(space: SpaceIndex): void {
    this.large.delete(space);
    this.busy.delete(space);
  }

  all(): SpaceIndex[] {
    return [...this.answering.values(), ...[...this.builds.values()].map(({ space }) => space)];
  }

  get dueToSave(): boolean {
    if (this.parts.folder === undefined || this.saving !== undefined) return false;
    return (
      this.parts.nowMs() - this.savedMs >= this.parts.saveEveryMs &&
      (this.changed || this.all().some((space) => space.isChanged))
    );
  }

  /** Saves every changed space, then the manifest: a crash in between only means reading some items twice. */
  save(options: { readonly graph?: boolean } = {}): Promise<void> {
    const { folder } = this.parts;
    if (folder === undefined) return Promise.resolve();
    this.saving ??= this.write(folder, options).finally(() => {
      this.saving = undefined;
    });
    return this.saving;
  }

  /** A full disk is no reason to lose what is in memory: searches go on, and the next turn to save tries again. */
  saveLater(error: unknown): void {
    this.changed = true;
    this.unsaved = `the index cannot be saved for now: ${(error as Error).message}`;
  }

  private async write(folder: string, options: { readonly graph?: boolean }): Promise<void> {
    this.savedMs = this.parts.nowMs();
    const cursor = this.position;
    const waiting = new Map(this.waiting.saved().map(([id, from]) => [id, from]));
    const retired = this.retired.splice(0);
    this.changed = false;
    for (const [id, space] of this.answering) {
      if (space.isMostlyHoles && !this.waiting.has(id)) this.lose(id, space);
      if (space.size === 0 && !this.waiting.has(id)) {
        this.leave(id, space);
        continue;
      }
      if (!space.isChanged && id in this.savedSeqs && options.graph !== true) continue;
      await space.save(options);
      if (this.answering.get(id) === space) this.savedSeqs[id] = space.savedPosition.seq;
      await this.parts.yieldTurn();
    }
    for (const [id, { space }] of this.builds) {
      if (!space.isChanged && id in this.savedBuilds && options.graph !== true) continue;
      await space.save(options);
      if (this.builds.get(id)?.space === space) this.savedBuilds[id] = space.savedPosition.seq;
      await this.parts.yieldTurn();
    }
    const builds = [...this.builds].flatMap(([id, { name }]) =>
      id in this.savedBuilds ? [[id, { folder: name, seq: this.savedBuilds[id]! }] as const] : [],
    );
    writeManifest(folder, {
      ...cursor,
      seed: this.seed,
      spaces: { ...this.savedSeqs },
      // As far as it was when saving began: a space that was saved since may hold more, never less.
      waiting: this.waiting.saved().map(([id, from, why]) => [id, Math.min(from, waiting.get(id) ?? from), why]),
      ...(this.folders.size === 0 ? {} : { folders: Object.fromEntries(this.folders) }),
      ...(builds.length === 0 ? {} : { builds: Object.fromEntries(builds) }),
    });
    for (const name of retired) rmSync(join(folder, name), { recursive: true, force: true });
    this.unsaved = undefined;
  }

  /** Nobody has rows of a space any more: its files go, its descriptor and its name with them. */
  private leave(id: string, space: SpaceIndex): void {
    this.answering.delete(id);
    this.forget(space);
    delete this.savedSeqs[id];
    void space.close();
    const folder = this.folderOf(id);
    this.folders.delete(id);
    if (folder !== undefined) rmSync(folder, { recursive: true, force: true });
  }

  /** After the last rows: saves, with graphs, and lets go of all files. */
  async close(): Promise<void> {
    await this.save({ graph: true });
    for (const space of this.all()) await space.close();
  }

  private load(head: Head): void {
    const { folder } = this.parts;
    if (folder === undefined) return;
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    const saved = readManifest(folder);
    if (saved === undefined) return this.recover(folder, head);
    if (saved.epoch !== head.epoch || saved.seq > head.seq) return discardAll(folder);
    this.seed = saved.seed;
    this.position = { epoch: saved.epoch, seq: saved.seq };
    this.waiting = new Waiting(saved.waiting);
    sweep(folder, new Set(spaceFolders(folder, saved).map(({ path }) => basename(path))));
    for (const [id, name] of Object.entries(saved.folders ?? {})) this.folders.set(id, name);
    for (const id of new Set([...Object.keys(saved.spaces), ...Object.keys(saved.builds ?? {}), ...this.waiting.ids()]))
      this.loadSpace(folder, id, saved);
  }

  private loadSpace(folder: string, id: string, saved: Manifest): void {
    const answering = this.opened(join(folder, this.nameOf(id)), saved.spaces[id]);
    const named = saved.builds?.[id];
    const build = named === undefined ? undefined : this.opened(join(folder, named.folder), named.seq);
    const wasWaiting = this.waiting.has(id);
    if (answering === undefined && build === undefined) {
      if (saved.spaces[id] === undefined && named === undefined) {
        // Nothing of it was saved yet: a new one waits from where it began.
        return;
      }
      this.folders.delete(id);
      this.say(id, 'was damaged or lost and is built again from the store', wasWaiting);
      this.waiting.add(id, 0, 'lost');
      return;
    }
    if (answering === undefined) {
      // What was built beside is all there is: it goes on in place.
      if (named!.folder === id) this.folders.delete(id);
      else this.folders.set(id, named!.folder);
      this.savedSeqs[id] = build!.savedPosition.seq;
      return this.keep(id, build!);
    }
    this.savedSeqs[id] = answering.savedPosition.seq;
    this.keep(id, answering);
    if (build !== undefined) {
      this.builds.set(id, { name: named!.folder, space: build });
      this.savedBuilds[id] = build.savedPosition.seq;
      this.noteWork(id, build);
    } else if (answering.lacks || named !== undefined) {
      this.say(id, 'is built again from the store', wasWaiting);
      this.builds.set(id, this.openFresh(id, answering.space));
      this.waiting.add(id, 0, answering.lacks ? 'lost' : 'whole');
    }
    if ((!wasWaiting || this.builds.has(id)) && answering.position.seq < this.position.seq)
      answering.position = this.position;
  }

  private keep(id: string, space: SpaceIndex): void {
    this.answering.set(id, space);
    this.noteWork(id, space);
  }

  private say(id: string, what: string, isKnown: boolean): void {
    if (!isKnown) this.events.push(`index of space ${id.slice(-8)} ${what}`);
  }

  /** What a folder holds of this life of the store, up to `seq` at least. */
  private opened(path: string, seq: number | undefined): SpaceIndex | undefined {
    if (seq === undefined) return undefined;
    const space = SpaceIndex.saved(this.spaceOptions(path));
    if (space === undefined) return undefined;
    if (space.position.epoch === this.position.epoch && space.position.seq >= seq) return space;
    void space.close();
    return undefined;
  }

  /** The manifest is lost: each space says itself how far it is; what came after is read from the store again. */
  private recover(folder: string, head: Head): void {
    const named = new Set<string>();
    for (const name of readdirSync(folder)) {
      const path = join(folder, name);
      if (!statSync(path).isDirectory()) continue;
      const space = SpaceIndex.saved(this.spaceOptions(path));
      const isOurs = space !== undefined && space.position.epoch === head.epoch && space.position.seq <= head.seq;
      // Of a space that was being built again nobody knows which folder is which.
      if (!isOurs || space.lacks || spaceIdOf(space.space) !== name) {
        void space?.close();
        continue;
      }
      named.add(name);
      this.keep(name, space);
    }
    sweep(folder, named);
    if (named.size > 0)
      this.events.push(`the index's list of spaces was damaged or lost: ${named.size} were found again`);
    this.changed = true;
  }

  openSpace(id: string, descriptor: SpaceDescriptor): SpaceIndex {
    const folder = this.folderOf(id);
    // Whatever lies there is of an earlier life that no manifest knows.
    if (folder !== undefined) SpaceIndex.discard(folder);
    delete this.savedSeqs[id];
    return SpaceIndex.open(descriptor, this.spaceOptions(folder));
  }

  /** An empty one in a folder of its own. */
  private openFresh(id: string, descriptor: SpaceDescriptor): Built {
    const { folder } = this.parts;
    const name = folder === undefined ? id : freshName(folder, id);
    const path = folder === undefined ? undefined : join(folder, name);
    return { name, space: SpaceIndex.open(descriptor, this.spaceOptions(path)) };
  }

  private spaceOptions(folder: string | undefined): Parameters<typeof SpaceIndex.open>[1] {
    const { engine, guard, rows = 'f32', budget, graphMin } = this.parts;
    return {
      ...(folder === undefined ? {} : { folder }),
      engine,
      guard,
      rows,
      budget,
      graphMin,
      seed: this.seed,
    };
  }

  private folderOf(id: string): string | undefined {
    return this.parts.folder === undefined ? undefined : join(this.parts.folder, this.nameOf(id));
  }

  private nameOf(id: string): string {
    return this.folders.get(id) ?? id;
  }
}

function discardAll(folder: string): void {
  for (const name of existsSync(folder) ? readdirSync(folder) : [])
    rmSync(join(folder, name), { recursive: true, force: true });
}

/** The order of background samples follows from the store's epoch, which nobody else knows beforehand. */
function seedOf(epoch: string): number {
  return authorHash(epoch);
}
