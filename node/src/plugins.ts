import { pathToFileURL } from 'node:url';
import { resolve } from 'node:path';
import { corePlugins, CosmicError, type Plugin } from '@cosmicembeddings/sdk';

/**
 * The core's plug-ins and those that the configuration names: paths or package names of modules whose default export
 * is a `Plugin`. @throws CosmicError config.malformed
 */
export async function loadPlugins(modules: readonly string[]): Promise<Plugin[]> {
  const loaded: Plugin[] = [...corePlugins];
  for (const name of modules) {
    const target = name.startsWith('.') || name.startsWith('/') ? pathToFileURL(resolve(name)).href : name;
    const module = (await import(target).catch((cause: unknown) => {
      throw new CosmicError('config.malformed', `plugins: ${name} cannot be loaded: ${String(cause)}`, { cause });
    })) as { default?: Plugin };
    const plugin = module.default;
    if (plugin === undefined || !Array.isArray(plugin.kinds) || !Array.isArray(plugin.views))
      throw new CosmicError('config.malformed', `plugins: ${name} has no default export {name, kinds, views}`);
    loaded.push(plugin);
  }
  return loaded;
}
