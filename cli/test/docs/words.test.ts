import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { beforeAll, expect, test } from '@jest/globals';

/** Pages cannot name what is gone: links and anchors resolve, and commands in blocks of code use words and flags that the help knows. */
const root = fileURLToPath(new URL('../../..', import.meta.url));
const pages = [
  'README.md',
  'deploy/README.md',
  ...readdirSync(join(root, 'docs'), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.md'))
    .map((name) => join('docs', name)),
];
const textOf = (page: string): string => readFileSync(join(root, page), 'utf8');
const fence = /^```.*\n([\s\S]*?)^```/gm;

/** Anchors of a page's headings, as GitHub makes them; a heading that comes again is numbered. */
function anchorsOf(page: string): ReadonlySet<string> {
  const seen = new Map<string, number>();
  const anchors = new Set<string>();
  for (const [, heading] of textOf(page)
    .replace(fence, '')
    .matchAll(/^#{1,6} +(.+?)\s*$/gm)) {
    const slug = heading!
      .replace(/\[([^\]]*)\]\([^)]*\)/g, '$1')
      .toLowerCase()
      .replace(/[^\p{L}\p{N}\p{M} _-]/gu, '')
      .replace(/ /g, '-');
    const times = seen.get(slug) ?? 0;
    seen.set(slug, times + 1);
    anchors.add(times === 0 ? slug : `${slug}-${times}`);
  }
  return anchors;
}

test('every relative link of a page leads to a file, and to a heading in it', () => {
  const broken = pages.flatMap((page) =>
    [
      ...textOf(page)
        .replace(fence, '')
        .matchAll(/\]\(([^)\s]+)\)/g),
    ].flatMap(([, target]) => {
      if (/^[a-z]+:/i.test(target!)) return [];
      const [path, anchor] = target!.split('#') as [string, string | undefined];
      const file = path === '' ? page : relative(root, resolve(root, dirname(page), path));
      if (!existsSync(join(root, file))) return [`${page}: ${target}`];
      return anchor === undefined || !file.endsWith('.md') || anchorsOf(file).has(anchor) ? [] : [`${page}: ${target}`];
    }),
  );
  expect(broken).toEqual([]);
});

interface Line {
  readonly page: string;
  readonly text: string;
  readonly program: 'cosmic' | 'cosmic-node';
  readonly command: string;
  readonly words: readonly string[];
}

/** Each command of ours in a block of code; what is quoted, or a comment, is no word of it. */
const lines: readonly Line[] = pages.flatMap((page) =>
  [...textOf(page).matchAll(fence)].flatMap(([, block]) =>
    block!
      .replace(/\\\n/g, ' ')
      .split(/\n|&&|\||;/)
      .map((line) => line.replace(/'[^']*'|"[^"]*"/g, 'QUOTED').replace(/(^|\s)#\s.*$/, ''))
      .flatMap((text) => {
        const found = /^\s*(?:\$ )?(?:sudo (?:-u \S+ )?)?(?:npx )?(cosmic|cosmic-node) +(\S.*)$/.exec(text);
        if (found === null) return [];
        const [command, ...words] = found[2]!.trim().split(/\s+/) as [string, ...string[]];
        return [{ page, text: text.trim(), program: found[1] as Line['program'], command, words }];
      }),
  ),
);

/** What one process writes; of a program that says its help the status does not matter. */
function outputOf(...args: readonly string[]): string {
  const { stdout, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8', cwd: root });
  return stdout + stderr;
}

/** Help texts of many commands from one process: it is its start that takes time. */
function helpsOf(commands: readonly string[]): ReadonlyMap<string, string> {
  const program = `
    process.argv = [process.argv[0], 'cosmic', '--version'];
    const helps = [];
    let text = '';
    console.log = (...parts) => { text += parts.join(' ') + '\\n'; };
    const { run } = await import('./cli/dist/main.js');
    for (const command of ${JSON.stringify(commands)}) {
      text = '';
      await run(command.startsWith('-') ? ['--help'] : [command, '--help']);
      helps.push([command, text]);
    }
    process.stdout.write(JSON.stringify(helps));`;
  const answer = outputOf('--input-type=module', '--eval', program);
  return new Map(JSON.parse(answer.slice(answer.indexOf('[['))) as [string, string][]);
}

/** Without its examples: they are held against the rest. */
let help: ReadonlyMap<string, string>;
let examples: readonly Line[];
let nodeHelp = '';
beforeAll(() => {
  nodeHelp = outputOf('node/bin/cosmic-node.js', '--help');
  const named = lines.filter(({ program }) => program === 'cosmic').map(({ command }) => command);
  const all = [...outputOf('cli/bin/cosmic.js', '--help').matchAll(/^ {2}cosmic ([a-z]+)/gm)].map(([, name]) => name!);
  const helps = helpsOf([...new Set([...named, ...all])]);
  const parts = [...helps].map(([command, text]) => [command, text.split(/^Examples:$/m)] as const);
  help = new Map(parts.map(([command, [before]]) => [command, before!]));
  examples = parts
    .filter(([command]) => all.includes(command))
    .flatMap(([page, [, after = '']]) => {
      const found: string[] = [];
      // Long ones are wrapped; what they do stands behind two blanks.
      for (const [, line] of after.matchAll(/^ {2}(\S.*)$/gm)) {
        const said = line!.split(/ {2,}/)[0]!.replace(/^source <\((.*)\)$/, '$1');
        if (said.startsWith('cosmic ')) found.push(said.slice('cosmic '.length));
        else found.push(`${found.pop() ?? ''} ${said}`);
      }
      if (found.length === 0) found.push('(no example)');
      return found.map((text) => {
        const [command, ...words] = text.replace(/'[^']*'/g, 'QUOTED').split(/\s+/) as [string, ...string[]];
        return { page, text, program: 'cosmic' as const, command, words };
      });
    });
}, 120_000);

test('docs/cli.md names every command', () => {
  const table = textOf('docs/cli.md').split('## Exit status')[0]!;
  const commands = new Set(examples.map(({ page }) => page));
  expect([...commands].filter((name) => !new RegExp('`' + name + '[ `]').test(table))).toEqual([]);
});

test('the help of every command has an example, of words and flags that it knows', () => {
  expect(new Set(examples.map(({ page }) => page)).size).toBeGreaterThan(40);
  expect(examples.flatMap((line) => unknownOf(line).map((what) => `${line.page}: ${line.text}: ${what}`))).toEqual([]);
  expect(examples.filter(({ page, command }) => command !== page)).toEqual([]);
});

/** What the help of a command does not know of a line. */
function unknownOf({ program, command, words }: Line): readonly string[] {
  const flags = [command, ...words].filter((word) => /^--?[a-z]/.test(word)).map((word) => word.split('=')[0]!);
  const has = (text: string, flag: string): boolean => new RegExp(`(^|[\\s,[])${flag}(?![\\w-])`, 'm').test(text);
  const ofNode = new RegExp(`[ |]${command}(?![\\w-])`).test(nodeHelp);
  if (program === 'cosmic-node') return [...(ofNode ? [] : [command]), ...flags.filter((flag) => !has(nodeHelp, flag))];
  const text = help.get(command)!;
  if (!command.startsWith('-') && !text.startsWith(`cosmic ${command}`)) return [command];
  // What is done to a data folder is passed on to cosmic-node, with its flags.
  const unknown = flags.filter((flag) => !has(text, flag) && !(ofNode && command !== 'node' && has(nodeHelp, flag)));
  const choices = /^ +action .*?\[choices: ([^\]]*)\]/ms.exec(text)?.[1];
  const action = words[0]?.startsWith('-') === true ? undefined : words[0];
  const isChoice = choices === undefined || action === undefined || choices.includes(`"${action}"`);
  return [...unknown, ...(isChoice ? [] : [action])];
}

test('every command in a page uses words and flags that the help knows', () => {
  expect(lines.length).toBeGreaterThan(40);
  expect(lines.flatMap((line) => unknownOf(line).map((what) => `${line.page}: ${line.text}: ${what}`))).toEqual([]);
});

test('what the help does not know is seen', () => {
  const line = { page: '', text: '', program: 'cosmic' } as const;
  expect(unknownOf({ ...line, command: 'backup', words: ['to', 'PLACE', '--sealed'] })).toEqual(['--sealed']);
  expect(unknownOf({ ...line, command: 'peers', words: ['banish', 'did:key:z6Mk'] })).toEqual(['banish']);
  expect(unknownOf({ ...line, program: 'cosmic-node', command: 'begin', words: ['--data', 'x'] })).toEqual(['begin']);
});

test('flags before a command of upkeep are refused: nothing was done', () => {
  const { status, stderr } = spawnSync(
    process.execPath,
    ['cli/bin/cosmic.js', '--node', 'http://127.0.0.1:1', 'backup', 'to', 'place'],
    {
      encoding: 'utf8',
      cwd: root,
    },
  );
  expect(status).toBe(2);
  expect(stderr).toContain('flags stand behind the command');
}, 60_000);
