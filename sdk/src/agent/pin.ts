import { createBlock } from '../block/create.js';
import { decodeBody } from '../block/check.js';
import type { BlockId } from '../block/types.js';
import { CosmicError } from '../errors.js';
import { checkAny } from '../formats/index.js';
import { collectionKind, type CollectionBody } from '../kinds/index.js';
import { spaceIdOf, spaceLabel } from '../space/index.js';
import type { MemoryParts } from './parts.js';

interface Pin {
  readonly block: BlockId;
  readonly timeMs: number;
  readonly space: CollectionBody['space'];
}

/** In which space the documents of one's own collection are: said once, by a block of kind collection/1, and held to. */
export class CollectionPin {
  private isHeld = false;

  constructor(private readonly parts: MemoryParts) {}

  /**
   * Compares the embedder's space with the one that was said, before anything is embedded or sent. Answers the block that
   * says it, where nobody has yet: to be published with the first document. @throws CosmicError space.mismatch
   */
  async check(): Promise<Uint8Array | undefined> {
    if (this.isHeld) return undefined;
    const { embedder, collection, author, now } = this.parts;
    const [pin] = await this.standing();
    if (pin !== undefined) {
      if (spaceIdOf(pin.space) !== spaceIdOf(embedder.space))
        throw new CosmicError(
          'space.mismatch',
          `the collection ${JSON.stringify(collection)} is in ${spaceLabel(pin.space)}, this embedder makes ${spaceLabel(embedder.space)}; open another collection, or forget({ all: true }) first`,
        );
      this.isHeld = true;
      return undefined;
    }
    const fields = { collection, space: embedder.space };
    return (await createBlock({ kind: 'collection/1', fields, timeMs: now() }, author)).wire;
  }

  /** The block of `check` is stored. */
  held(): void {
    this.isHeld = true;
  }

  /** All that say it, to be retracted with the last of the documents. */
  async letGo(): Promise<BlockId[]> {
    this.isHeld = false;
    return (await this.standing()).map(({ block }) => block);
  }

  /** The one that counts first. */
  private async standing(): Promise<Pin[]> {
    const { api, checks, did, collection } = this.parts;
    const { ids } = await api.find(
      { kinds: [collectionKind.name], authors: [did], where: { '#collection': collection } },
      { limit: 16, order: 'newest', hidden: 'hide' },
    );
    const views = await Promise.all(ids.map((id) => api.get(id)));
    const pins = ids.flatMap((block, i): Pin[] => {
      const wire = views[i]?.wire;
      const checked = wire === undefined ? undefined : checkAny(wire, checks);
      if (checked?.status !== 'checked' || checked.id !== block || checked.entry.author !== did) return [];
      if (checked.body === null || checked.entry.inert !== undefined) return [];
      const decoded = decodeBody(checked.body);
      const body = decoded.status === 'rejected' ? undefined : (decoded.body as unknown as CollectionBody);
      return body?.collection === collection ? [{ block, timeMs: checked.timeMs, space: body.space }] : [];
    });
    return pins.sort((a, b) => b.timeMs - a.timeMs || (a.block < b.block ? -1 : 1));
  }
}
