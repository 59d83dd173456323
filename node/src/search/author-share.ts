import { CosmicError, type Catalogue, type SearchRequest } from '@cosmicembeddings/sdk';

interface Place {
  readonly id: string;
  readonly author: string;
}

/** Of a page, so many places (at least two) are anybody's, and a block's rows'. */
const SHARE = 0.2;
const PLACES_MIN = 2;
/** Whoever holds much of what is here is answered with often: twice the share of the blocks, and a tenth of the page. */
const HELD_FACTOR = 2;
const HELD_BASE = 0.1;

/** Places of a page of `k` for one who holds the share `held` (0 to 1) of the blocks; at 0 also those of a block's rows. */
export function placesOf(k: number, held: number): number {
  const share = Math.max(SHARE, HELD_FACTOR * held + HELD_BASE);
  return Math.max(PLACES_MIN, Math.ceil(Math.min(1, share) * k - 1e-9));
}

/**
 * Keeps a page from being one author's, or one block's: says of whom enough is on it. Open where the reader named the
 * authors, to those that the reader trusts, and once it was opened for want of others.
 */
export class AuthorShare {
  private isOpen: boolean;
  private readonly trusted: ReadonlySet<string>;
  private readonly taken = new Map<string, number>();
  private readonly places = new Map<string, number>();

  constructor(
    private readonly request: Pick<SearchRequest, 'k' | 'authorShare' | 'trusted' | 'filter'>,
    private readonly catalogue: Pick<Catalogue, 'blocksBy' | 'counts'>,
  ) {
    this.isOpen = request.authorShare === 'open' || request.filter?.authors !== undefined;
    this.trusted = new Set(request.trusted);
  }

  open(): void {
    this.isOpen = true;
  }

  /** Has the author, or the block, as many places as are theirs? Said at once, but where the author's blocks have to be counted. */
  isOver({ id, author }: Place): boolean | Promise<boolean> {
    const { k } = this.request;
    const least = placesOf(k, 0);
    if (this.isOpen || least >= k || this.trusted.has(author)) return false;
    const [byAuthor, byBlock] = [this.taken.get(author) ?? 0, this.taken.get(id) ?? 0];
    if (byAuthor < least && byBlock < least) return false;
    const isOver = (most: number): boolean => most < k && (byAuthor >= most || byBlock >= least);
    const known = this.places.get(author);
    return known === undefined ? this.placesOf(author).then(isOver) : isOver(known);
  }

  take({ id, author }: Place): void {
    for (const name of [id, author]) this.taken.set(name, (this.taken.get(name) ?? 0) + 1);
  }

  private async placesOf(author: string): Promise<number> {
    const [own, { blocks }] = await Promise.all([this.catalogue.blocksBy(author), this.catalogue.counts()]);
    const places = placesOf(this.request.k, blocks === 0 ? 0 : own / blocks);
    this.places.set(author, places);
    return places;
  }
}

const TRUSTED_MAX = 1000;

/** @throws CosmicError search.bad_query */
export function checkTrusted({ trusted }: SearchRequest): void {
  if (trusted === undefined) return;
  if (trusted.length > TRUSTED_MAX)
    throw new CosmicError('search.bad_query', `trusted: at most ${TRUSTED_MAX} authors`);
  if (!trusted.every((one) => typeof one === 'string' && one.startsWith('did:')))
    throw new CosmicError('search.bad_query', 'trusted: authors are named by did:…');
}
