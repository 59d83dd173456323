import type { View } from '../views/view.js';
import type { Kind } from './kind.js';

/** What the command line offers under `cosmic PLUGIN COMMAND`, or, with `topLevel`, under `cosmic COMMAND`. */
export interface Command {
  readonly name: string;
  readonly describe: string;
  readonly topLevel?: true;
  /** Publishes a block of a kind of the plug-in, or asks one of its views; arguments come from the schemas. */
  readonly does: { readonly create: string } | { readonly ask: { readonly view: string; readonly question: string } };
}

/** A part of the page: a question's answer, or a form that publishes a block of a kind. */
export interface Panel {
  readonly name: string;
  readonly title: string;
  readonly shows:
    | {
        readonly view: string;
        readonly question: string;
        readonly as: 'table' | 'details' | 'bars';
        /** The field of the answer that holds the rows. */
        readonly rows?: string;
      }
    | { readonly form: string };
}

/** Meaning in a folder of its own: named in a node's configuration, or built in. */
export interface Plugin {
  readonly name: string;
  readonly kinds: readonly Kind[];
  readonly views: readonly View[];
  readonly commands?: readonly Command[];
  readonly panels?: readonly Panel[];
}
