import type { Definition, Heading, Root, RootContent } from 'mdast';
import { frontMatterEnd } from './front-matter.js';
import { labelsOf, parseBlocks, titleOf } from './parse.js';

/** A stretch of the text that may become a passage or part of one; offsets in UTF-16 units. */
export interface Block {
  readonly start: number;
  readonly end: number;
  /** A heading: its level (1 the outermost), its words as people read them, and the stretches that hold them. */
  readonly heading?: { readonly level: number; readonly title: string; readonly content: readonly Block[] };
  /** Lines matter: it is cut between lines, not between sentences. */
  readonly code?: true;
  /** Something that is no content (a comment, front matter) lies before it, so it is never joined to what stands there. */
  readonly apart?: true;
}

interface Range {
  readonly start: number;
  readonly end: number;
}

/** Characters parsed at a time: the parser needs some hundred times as many bytes. */
const WINDOW = 1 << 18;

/**
 * Blocks of a Markdown text (CommonMark 0.31) in order: everything but front matter and HTML comments, so that what is
 * not understood is content. What the parser cannot read is one block. A text that does not begin a file has no front matter.
 */
export function markdownBlocks(text: string, windowCharacters = WINDOW, begins = true): Block[] {
  const blocks: Block[] = [];
  let at = begins ? frontMatterEnd(text) : 0;
  let size = windowCharacters;
  while (at < text.length) {
    const end = at + size >= text.length ? text.length : text.lastIndexOf('\n', at + size) + 1;
    const whole = end === text.length;
    const root = end > at ? parseBlocks(text.slice(at, end)) : undefined;
    // What stands at the end of a window may go on behind it: that block is read again with what follows.
    const open = root?.children.at(-1);
    if (!whole && (root === undefined || root.children.length < 2)) {
      size *= 2;
      continue;
    }
    const next = whole ? end : at + startOf(open!);
    blocks.push(...blocksOf(text.slice(at, next), root, at));
    at = next;
    size = windowCharacters;
  }
  return blocks;
}

/** Blocks of the text, all of it, with `base` added to their offsets. */
function blocksOf(text: string, root: Root | undefined, base: number): Block[] {
  const children = root?.children.filter((node) => startOf(node) < text.length) ?? [];
  const comments = commentsOf(children, text, base);
  const labels = labelsOf(children.filter((node): node is Definition => node.type === 'definition'));
  // Each block reaches to where the next one starts: no letter can lie between two of them.
  return (children.length === 0 ? [undefined] : children).flatMap((node, i) => {
    const start = base + (i === 0 ? 0 : startOf(node!));
    const end = base + (i + 1 < children.length ? startOf(children[i + 1]!) : text.length);
    if (node?.type === 'heading') return [headingOf(node, { start, end }, text, labels, comments, base)];
    return comments.without({ start, end, ...(node?.type === 'code' ? { code: true as const } : {}) });
  });
}

function headingOf(
  node: Heading,
  range: Range,
  text: string,
  labels: ReadonlySet<string>,
  comments: Comments,
  base: number,
): Block {
  const title = titleOf(text.slice(startOf(node), node.position!.end.offset!), node, labels);
  const [first, last] = [node.children[0], node.children.at(-1)];
  const content =
    first === undefined
      ? []
      : comments.without({ start: base + startOf(first), end: base + last!.position!.end.offset! });
  return { ...range, heading: { level: node.depth, title, content } };
}

interface Comments {
  /** The block without the comments in it, in pieces. Blocks are given in order. */
  without(block: Block): Block[];
}

/** Comments stand in HTML alone: what looks like one in code is code, and one that never ends is text. */
function commentsOf(nodes: readonly RootContent[], text: string, base: number): Comments {
  const found: Range[] = [];
  const open = [...nodes];
  for (let node = open.pop(); node !== undefined; node = open.pop()) {
    if (node.type === 'html') {
      const from = startOf(node);
      const source = text.slice(from, node.position!.end.offset!);
      for (const match of source.matchAll(/<!--(?:>|->|[\s\S]*?-->)/g)) {
        const start = base + from + match.index;
        found.push({ start, end: start + match[0].length });
      }
    }
    if ('children' in node) open.push(...(node.children as RootContent[]));
  }
  found.sort((a, b) => a.start - b.start);
  let next = 0;
  const without = (block: Block): Block[] => {
    while (next < found.length && found[next]!.end <= block.start) next++;
    const pieces: Block[] = [];
    let at = block.start;
    for (let i = next; i < found.length && found[i]!.start < block.end; i++) {
      pieces.push({ ...block, start: at, end: found[i]!.start, ...(at === block.start ? {} : { apart: true }) });
      at = found[i]!.end;
    }
    return [...pieces, { ...block, start: at, ...(at === block.start ? {} : { apart: true }) }];
  };
  return { without };
}

function startOf(node: RootContent): number {
  return node.position!.start.offset!;
}
