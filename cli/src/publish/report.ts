export interface Named {
  readonly path: string;
  readonly reason: string;
}

export interface Waiting extends Named {
  /** Its place in the queue: the same file may wait for other nodes, networks and authors too. */
  readonly slot: string;
}

/** What became of every document of a call: each is in one of the lists or counts. */
export interface PublishReport {
  /** A file that is too long for one counts as one for each of its parts. */
  documents: number;
  /** Documents whose blocks this call has put on the node. */
  published: number;
  unchanged: number;
  /** Of the published: newer versions of documents that were there. */
  superseding: number;
  /** Of the published: had been retracted, and are published anew. */
  republished: number;
  /** Of the published: renamed files, whose new blocks supersede the old ones. */
  moved: { readonly from: string; readonly to: string; readonly ids: readonly string[] }[];
  /** Documents that stood on the node already without this home's knowing of them, after a lost journal or from another machine. */
  adopted: number;
  /** Published or adopted, while other words of the same author stand under the same name: older versions, or other files. */
  namesakes: { readonly path: string; readonly ids: readonly string[] }[];
  /** Files that are too long for one document, and how many they became. */
  parts: { readonly path: string; readonly parts: number }[];
  /** Documents that keep tags, language, form or origin of their earlier publication, which this call did not name. */
  kept: number;
  blocks: number;
  vectors: number;
  bytes: number;
  /** Passages longer than the model reads: only their beginning was embedded. */
  truncated: number;
  /** What a paid embedder charged for; 0 where it does not say. */
  chargedTokens: number;
  ids: string[];
  /** Left out, and why: files without text, and files whose newer version somebody published elsewhere. */
  skipped: Named[];
  /** What files hold and their passages do not: pictures, pages without text, columns that were not asked for. */
  unread: { readonly path: string; readonly left: readonly string[] }[];
  /** Files read in another encoding than UTF-8. */
  encodings: { readonly path: string; readonly encoding: string }[];
  /** Published documents in a language that the embedder was not made for, by a guess. */
  foreign: { readonly path: string; readonly language: string; readonly advice: string }[];
  pending: Waiting[];
  refused: Named[];
  /** Published from these folders before, and no longer there. */
  gone: { readonly path: string; readonly ids: readonly string[] }[];
  /** Of the gone: ids withdrawn by this call. */
  retracted: string[];
}

export function emptyReport(): PublishReport {
  return {
    documents: 0,
    published: 0,
    unchanged: 0,
    superseding: 0,
    republished: 0,
    moved: [],
    adopted: 0,
    namesakes: [],
    parts: [],
    kept: 0,
    blocks: 0,
    vectors: 0,
    bytes: 0,
    truncated: 0,
    chargedTokens: 0,
    ids: [],
    skipped: [],
    unread: [],
    encodings: [],
    foreign: [],
    pending: [],
    refused: [],
    gone: [],
    retracted: [],
  };
}

/** Documents that wait and are not among those of the report. */
export function othersWaiting(report: PublishReport, pending: readonly { readonly slot: string }[]): number {
  const named = new Set(report.pending.map(({ slot }) => slot));
  return pending.filter(({ slot }) => !named.has(slot)).length;
}

/** Adds what another group of documents came to. */
export function addReport(sum: PublishReport, part: PublishReport): void {
  const into = sum as unknown as Record<string, number | unknown[]>;
  for (const [key, value] of Object.entries(part) as [string, number | unknown[]][])
    if (typeof value === 'number') (into[key] as number) += value;
    else (into[key] as unknown[]).push(...value);
}
