/** What the blocks that pass a filter have in common, as far as they were counted. */
export interface Facets {
  /** Blocks that were counted, the newest first. */
  readonly blocks: number;
  /** False: there are more than were counted, and every number is *at least*. */
  readonly whole: boolean;
  /** The most frequent of each, first the most frequent. */
  readonly tags: readonly FacetValue[];
  readonly authors: readonly FacetValue[];
  readonly kinds: readonly FacetValue[];
  readonly languages: readonly FacetValue[];
  /** Ids of spaces. */
  readonly spaces: readonly FacetValue[];
  /** How many different ones were met. */
  readonly of: Readonly<Record<'tags' | 'authors' | 'kinds' | 'languages' | 'spaces', number>>;
}

export interface FacetValue {
  readonly value: string;
  readonly blocks: number;
}
