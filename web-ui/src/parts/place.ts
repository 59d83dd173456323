import type { NodeStatus } from '@cosmicembeddings/sdk';
import type { NodeClient } from '@cosmicembeddings/sdk/api';
import type { Route } from './route.js';

/** What a page is given: the node, and where it shows itself until `signal` aborts. */
export interface Place {
  readonly client: NodeClient;
  readonly content: HTMLElement;
  readonly say: (text: string) => void;
  readonly signal: AbortSignal;
  readonly network: string;
  /** Undefined while the node does not answer. */
  readonly status: NodeStatus | undefined;
}

export type ShowPage = (place: Place, route: Route) => Promise<void> | void;
