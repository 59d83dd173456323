import { pathToFileURL } from 'node:url';
import { resolve } from 'node:path';
import { corePlugins, CosmicError, createRegistry, type Plugin } from '@cosmicembeddings/sdk';
import { planCones } from '@cosmicembeddings/sdk/views';

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
    const fault = faultOf(plugin);
    if (fault !== undefined) throw new CosmicError('config.malformed', `plugins: ${name}: ${fault}`);
    loaded.push(plugin!);
    try {
      planCones(createRegistry(loaded));
    } catch (cause) {
      throw new CosmicError('config.malformed', `plugins: ${name}: ${(cause as Error).message}`, { cause });
    }
  }
  return loaded;
}

/** What a registry would stumble over only later. */
function faultOf(plugin: Partial<Plugin> | undefined): string | undefined {
  if (plugin === undefined || !Array.isArray(plugin.kinds) || !Array.isArray(plugin.views))
    return 'no default export {name, kinds, views}';
  const kind = plugin.kinds.find(
    (one) => typeof one.parse !== 'function' || typeof one.schema !== 'object' || !Number.isSafeInteger(one.maxBytes),
  );
  if (kind !== undefined) return `kind ${String(kind.name)}: expected maxBytes, schema and parse`;
  const view = plugin.views.find((one) => typeof one.tables !== 'object' || !Number.isSafeInteger(one.version));
  return view === undefined ? undefined : `view ${String(view.name)}: expected version and tables`;
}
