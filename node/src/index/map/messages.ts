import type { FollowerPart } from '../../follow/index.js';
import type { Neighbours } from '../vectors/index.js';
import type { MapRules } from './space-map.js';

export interface MapSetup {
  /** Data folder. */
  readonly folder: string;
  readonly storeEngine: string;
  readonly plugins: readonly string[];
  /** Searches under way: one Int32. While there are any, maps rest more than they are worked on. */
  readonly asking: SharedArrayBuffer;
  readonly rules: MapRules;
}

export type MapStart = MapSetup & { readonly follower: FollowerPart };

export type ToMaps =
  | {
      readonly type: 'ask';
      readonly id: number;
      readonly space: string;
      /** The store's head as the asker knows it. */
      readonly seq: number;
      readonly ofAll: boolean;
      /** The tag that the asker has bytes of. */
      readonly known?: string;
      /** Whose share of maps it takes. */
      readonly who: string;
    }
  /** Something is going to be erased: the files go, and none is written until that was taken. Answered. */
  | { readonly type: 'erasing'; readonly id: number }
  /** It was, up to this number of the store. */
  | { readonly type: 'erased'; readonly seq: number }
  | { readonly type: 'near'; readonly id: number; readonly near?: Neighbours; readonly error?: string }
  | { readonly type: 'hide'; readonly bits: Uint8Array }
  | { readonly type: 'notify'; readonly seq: number }
  | { readonly type: 'close' };

export type FromMaps =
  | { readonly type: 'map'; readonly id: number; readonly tag: string; readonly bytes?: Uint8Array }
  | { readonly type: 'busy'; readonly id: number }
  | { readonly type: 'erasing'; readonly id: number }
  | {
      readonly type: 'near';
      readonly id: number;
      readonly space: string;
      readonly labels: Uint32Array;
      readonly k: number;
    };
