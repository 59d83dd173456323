import { CosmicError } from '../errors.js';

/** A space in two dimensions as a node has drawn it (specs/map.md): nothing that any author signed. Columns are by point. */
export interface SpaceMap extends MapHead {
  /** 0 to 65,535; y upwards. */
  readonly xs: Uint16Array;
  readonly ys: Uint16Array;
  /** Ascending; good for this life of the node's store. */
  readonly labels: Uint32Array;
  /** Code n stands for the nth name of the legend, 0 for none of them. */
  readonly codes: { readonly tag: Uint8Array; readonly author: Uint8Array; readonly model: Uint8Array };
  /** As claimed: 0 to 255 between `times`. */
  readonly timeCodes: Uint8Array;
  /** n is the nth region, 0 none. */
  readonly regionCodes: Uint8Array;
}

/** What a map says beside its points. */
export interface MapHead {
  readonly space: string;
  /** `few`: there are not enough rows; `reading`, `neighbours`, `layout`: it is being made; `ready`. */
  readonly state: 'few' | 'reading' | 'neighbours' | 'layout' | 'ready';
  /** Of what is being made, 0 to 1. */
  readonly done: number;
  /** Rows that belong on the map, which part of the space's rows these are, and how many make one. */
  readonly rows: number;
  readonly share: number;
  readonly least: number;
  /** Those that have a place and are shown. */
  readonly points: number;
  readonly tags: readonly MapLegend[];
  readonly authors: readonly MapLegend[];
  /** Ids of spaces. */
  readonly models: readonly MapLegend[];
  readonly times: readonly [fromMs: number, toMs: number];
  readonly regions: readonly MapRegion[];
}

export interface MapLegend {
  readonly name: string;
  readonly points: number;
}

export interface MapRegion {
  /** The top of its hill, in the units of points. */
  readonly x: number;
  readonly y: number;
  readonly points: number;
  /** Typical of it among the others; the node's choice. */
  readonly words: readonly string[];
  readonly tags: readonly string[];
}

/** Of `POST /v2/map/rows`. */
export interface MapRow {
  readonly label?: number;
  readonly id?: string;
  readonly row?: number;
}

const MAGIC = 'CEMAP001';
const POINT_BYTES = 13;

/** @throws CosmicError node.internal for bytes that are no map */
export function readMap(bytes: Uint8Array): SpaceMap {
  const broken = (why: string): CosmicError => new CosmicError('node.internal', `a map that cannot be read: ${why}`);
  // Columns begin at even places of a buffer of their own.
  const { buffer } = bytes.slice();
  if (bytes.length < 12 || new TextDecoder('latin1').decode(bytes.subarray(0, 8)) !== MAGIC)
    throw broken('its beginning');
  const from = 12 + new DataView(buffer).getUint32(8, true);
  let head: MapHead;
  try {
    head = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes.subarray(12, from))) as MapHead;
  } catch (cause) {
    throw new CosmicError('node.internal', 'a map that cannot be read: its head', { cause });
  }
  const n = head.points;
  if (!Number.isSafeInteger(n) || bytes.length !== from + POINT_BYTES * n || from % 4 !== 0) throw broken('its length');
  const codes = (column: number): Uint8Array => new Uint8Array(buffer, from + (8 + column) * n, n);
  return {
    ...head,
    xs: new Uint16Array(buffer, from, n),
    ys: new Uint16Array(buffer, from + 2 * n, n),
    labels: new Uint32Array(buffer, from + 4 * n, n),
    codes: { tag: codes(0), author: codes(1), model: codes(2) },
    timeCodes: codes(3),
    regionCodes: codes(4),
  };
}
