import { readFileSync, writeFileSync } from 'node:fs';
import { CosmicError } from '../../errors.js';
import { Config } from '../config.js';
import { dumps } from '../dumps.js';
import { readPythonJson, type PyDict } from '../read.js';

/** `Config(config_file)`: this process's environment, then the file above it. @throws CosmicError input.not_found, config.malformed */
export function loadConfig(path?: string): Config {
  if (path === undefined) return new Config({ env: process.env });
  const text = readText(path);
  try {
    return new Config({ env: process.env, file: JSON.parse(text) as Record<string, unknown> });
  } catch (cause) {
    throw cause instanceof CosmicError ? cause : new CosmicError('config.malformed', `${path} is not JSON`, { cause });
  }
}

export function saveConfig(config: Config, path: string): void {
  writeFileSync(path, JSON.stringify(config.config, undefined, 2) + '\n', { mode: 0o600 });
}

/** `BlockBuilder.save_block`: the same JSON values; signing bytes do not depend on spaces. */
export function saveBlock(block: PyDict, path: string): void {
  writeFileSync(path, dumps(block) + '\n');
}

/** `BlockBuilder.load_block`. @throws CosmicError input.not_found, block.malformed */
export function loadBlock(path: string): PyDict {
  const text = readText(path);
  try {
    const value = readPythonJson(text);
    if (value instanceof Map) return value as PyDict;
  } catch (cause) {
    throw new CosmicError('block.malformed', `${path}: ${(cause as Error).message}`, { cause });
  }
  throw new CosmicError('block.malformed', `${path} holds no JSON object`);
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (cause) {
    throw new CosmicError('input.not_found', path, { cause });
  }
}
