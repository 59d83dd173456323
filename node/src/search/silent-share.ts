import type { Catalogue, Head } from '@cosmicembeddings/sdk';
import { Recent } from '../recent.js';
import { spreadLabels } from './bits.js';

/** Rows of a space that are looked at, evenly taken; again when the store has doubled. */
const SAMPLE = 256;
/** Spaces that are remembered: anybody can make spaces. */
const KNOWN_MAX = 1024;

/** What share of a space's rows carries no text: 0 to 1. */
export class SilentShare {
  private readonly known = new Recent<
    string,
    { readonly epoch: string; readonly labels: number; readonly share: number }
  >(KNOWN_MAX);

  constructor(
    private readonly catalogue: Pick<Catalogue, 'labels'>,
    private readonly carryText: (labels: readonly number[], head: Head) => Promise<readonly boolean[]>,
  ) {}

  async of(space: string, head: Head): Promise<number> {
    const before = this.known.get(space);
    if (before !== undefined && before.epoch === head.epoch && head.labels < 2 * before.labels) return before.share;
    const labels = spreadLabels(await this.catalogue.labels({ spaces: [space] }), SAMPLE);
    const carry = await this.carryText(labels, head);
    const share = labels.length === 0 ? 0 : carry.filter((text) => !text).length / labels.length;
    this.known.set(space, { epoch: head.epoch, labels: head.labels, share });
    return share;
  }
}
