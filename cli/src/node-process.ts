import { spawn, type ChildProcess, type SpawnOptions } from 'node:child_process';
import { createRequire } from 'node:module';
import { CosmicError } from '@cosmicembeddings/sdk';
import { progressBar, type Progress } from './progress.js';

/** Path of the node's own command. @throws CosmicError config.malformed when the package is not installed */
export function nodeBin(): string {
  try {
    return createRequire(import.meta.url).resolve('@cosmicembeddings/node/bin');
  } catch (cause) {
    throw new CosmicError(
      'config.malformed',
      '@cosmicembeddings/node is not installed; npm install @cosmicembeddings/node',
      { cause },
    );
  }
}

export function spawnNode(args: readonly string[], options: SpawnOptions): ChildProcess {
  return spawn(process.execPath, [nodeBin(), ...args], { ...options, env: withFewArenas(options.env ?? process.env) });
}

/**
 * A node has a dozen threads, and glibc keeps freed memory in up to eight arenas for each core (mallopt(3), M_ARENA_MAX): what one
 * thread gave back is of no use to another. After an import of 40,000 rows a node holds 570 MB with two arenas where it held 690.
 * What the caller sets stays.
 */
function withFewArenas(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return { MALLOC_ARENA_MAX: '2', ...env };
}

/**
 * Runs the node's command in the foreground with this terminal, and draws how far it says it is; answers its exit status, 130 where a
 * signal ended it.
 */
export function runNode(args: readonly string[]): Promise<number> {
  return new Promise((resolve, reject) => {
    // The channel tells the node when this process is gone, also by SIGKILL.
    const child = spawnNode(args, { stdio: ['inherit', 'inherit', 'inherit', 'ipc'] });
    // A terminal sends Ctrl-C to both; a service manager sends SIGTERM to this process alone. Once only: the library
    // behind the configuration file sends this process every signal again, and a node takes a second one for haste.
    let passed = false;
    const pass = (signal: NodeJS.Signals): void => {
      if (!passed) child.kill(signal);
      passed = true;
    };
    let bar: { readonly what: string; readonly draw: Progress } | undefined;
    child.on('message', (message: { progress?: { what: string; done: number; all: number } }) => {
      if (message.progress === undefined) return;
      const { what, done, all } = message.progress;
      if (bar?.what !== what) {
        bar?.draw.end();
        bar = { what, draw: progressBar(what) };
      }
      bar.draw(done, all);
    });
    const ignore = (): void => undefined;
    process.on('SIGTERM', pass);
    process.on('SIGINT', ignore);
    const orphaned = whenOrphaned(() => pass('SIGTERM'));
    child.once('error', reject);
    child.once('exit', (code, signal) => {
      clearInterval(orphaned);
      bar?.draw.end();
      process.off('SIGTERM', pass);
      process.off('SIGINT', ignore);
      resolve(code ?? (signal === null ? 1 : 130));
    });
  });
}

/**
 * npx and npm run start a command through a shell: a signal ends npm and the shell, and never reaches the command. Whoever
 * starts it otherwise may have meant it to outlive the terminal.
 */
function whenOrphaned(then: () => void): NodeJS.Timeout | undefined {
  if (process.env['npm_command'] === undefined) return undefined;
  const parent = process.ppid;
  const timer = setInterval(() => {
    if (process.ppid !== parent) then();
  }, 500);
  timer.unref();
  return timer;
}
