/** The page of every command's own help: what `cosmic COMMAND --help` and `cosmic-node --help` print. */
import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

export async function writeCommands(root, folder) {
  // The command line answers its own words at import; the rest is asked of the same process, for it is its start that takes time.
  process.argv = [process.argv[0], 'cosmic', '--version'];
  process.stdout.columns = 110;
  const { run } = await import(join(root, 'cli/dist/main.js'));
  const helpOf = async (...words) => {
    let text = '';
    const { log } = console;
    console.log = (...parts) => (text += `${parts.join(' ')}\n`);
    try {
      await run([...words, '--help']);
    } finally {
      console.log = log;
    }
    return text.trim();
  };
  const whole = await helpOf();
  const names = [...whole.matchAll(/^ {2}cosmic ([a-z]+)/gm)].map(([, name]) => name);
  const commands = [...new Set(names)].sort();
  if (commands.length < 25) throw new Error(`only ${commands.length} commands found in the help`);
  const pages = [];
  for (const name of commands) pages.push(`## cosmic ${name}\n\n\`\`\`txt\n${await helpOf(name)}\n\`\`\``);
  const node = spawnSync(process.execPath, ['node/bin/cosmic-node.js', '--help'], { cwd: root, encoding: 'utf8' });
  writeFileSync(
    join(folder, 'commands.md'),
    [
      '# Every command',
      'What `cosmic COMMAND --help` prints. How the commands work together is said under [the command line](/cli).',
      `\`\`\`txt\n${whole}\n\`\`\``,
      ...pages,
      `## cosmic-node\n\n\`\`\`txt\n${(node.stdout + node.stderr).trim()}\n\`\`\``,
      '',
    ].join('\n\n'),
  );
}
