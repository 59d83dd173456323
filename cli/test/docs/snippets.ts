import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

/** A block of code of a page, with what the page says of its running in the comment right above it. */
export interface Snippet {
  readonly page: string;
  readonly line: number;
  readonly language: string;
  readonly code: string;
  /** Why it is not run: `<!-- not run: … -->`. */
  readonly notRun?: string;
  /** What is done first and not shown: `<!-- run: ID=$(…) -->`. Names in capitals that it gives stand for their values in the block. */
  readonly before?: string;
}

/** The README, and everything below `docs/`. */
export function pagesOf(root: string): readonly string[] {
  return [
    'README.md',
    ...readdirSync(join(root, 'docs'), { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.md'))
      .map((name) => join('docs', name))
      .sort(),
  ];
}

const block = /(?:^ *<!-- (not run|run):\s([\s\S]*?)\s-->\n)?^( *)```([a-z]*)\n([\s\S]*?)^\3```/gm;

export function snippetsOf(root: string, page: string): readonly Snippet[] {
  const text = readFileSync(join(root, page), 'utf8');
  return [...text.matchAll(block)].map(([whole, how, said, indent, language, code]) => ({
    page,
    line: text.slice(0, text.indexOf(whole)).split('\n').length,
    language: language || 'sh',
    code: code!.replace(new RegExp(`^${indent}`, 'gm'), ''),
    ...(how === 'not run' ? { notRun: said! } : {}),
    ...(how === 'run' ? { before: said! } : {}),
  }));
}

/** Programs that go on until they are stopped: the page says “in another terminal”. */
const goesOn = /^(?:npx )?cosmic(?:-node)? +(?:node start|start|watch|top|mcp|gateway)\b(?!.*--help)/;

/**
 * A page's blocks as one script of bash, in the order in which a reader comes upon them. What goes on is put into the background; `ports`
 * are those that stand in the page, and what is free here.
 */
export function scriptOf(snippets: readonly Snippet[], ports: ReadonlyMap<string, number>): string {
  const here = (text: string): string =>
    text.replace(
      /(127\.0\.0\.1:|localhost:|--port )(80\d\d)\b/g,
      (_, lead: string, port: string) => `${lead}${ports.get(port)}`,
    );
  const commands = (text: string): readonly string[] =>
    here(text)
      .replace(/\\\n/g, ' ')
      .split('\n')
      .map((line) => (goesOn.test(line) ? started(line, String(ports.get('8080'))) : line));
  const names = new Set<string>();
  const lines = snippets.flatMap((snippet, index) => {
    if (snippet.notRun !== undefined || !isRun(snippet)) return [];
    for (const [, name] of (snippet.before ?? '').matchAll(/^([A-Z][A-Z_]*)=/gm)) names.add(name!);
    const code = [...names].reduce(
      (text, name) => text.replace(new RegExp(`\\b${name}\\b`, 'g'), `"$${name}"`),
      snippet.code,
    );
    return [
      `echo '@@ ${snippet.page}:${snippet.line}' >&2`,
      ...commands(snippet.before ?? ''),
      ...(snippet.language === 'ts'
        ? [`cat >snippet-${index}.ts <<'SNIPPET'`, here(snippet.code), 'SNIPPET', `run-typescript snippet-${index}.ts`]
        : commands(code)),
    ];
  });
  return [
    'set -euo pipefail',
    'stop-nodes() { local running; running=$(jobs -p); [ -z "$running" ] || { kill $running 2>/dev/null || true; wait $running 2>/dev/null || true; }; }',
    'trap stop-nodes EXIT',
    ...lines,
    'echo "@@ done" >&2',
  ].join('\n');
}

export function isRun({ language }: Snippet): boolean {
  return language === 'sh' || language === 'ts';
}

/** A node is waited for; of the others nothing is waited for. */
function started(line: string, port: string): string {
  const command = line.replace(/ +# .*$/, '');
  if (!/\bstart\b/.test(command)) return `${command} >/dev/null </dev/null &`;
  const at = /--port (\d+)/.exec(command)?.[1] ?? port;
  const named = command.includes('--port') ? command : `${command} --port ${at}`;
  return `${named} >node-${at}.out 2>node-${at}.err & wait-for-node ${at}`;
}
