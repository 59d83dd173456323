import { isLoopback, scopes } from '../http/access.js';
import type { NodeConfig } from './config.js';

/** What a node says when it can be reached from beyond this machine; nothing where it cannot. */
export function whatIsOpen(
  config: Pick<NodeConfig, 'host' | 'demand' | 'hosts' | 'cors' | 'trustLoopback' | 'budgets'>,
): string[] {
  const { host, demand, hosts, cors, trustLoopback, budgets } = config;
  if (isLoopback(host) || host === 'localhost') return [];
  const open = scopes.filter((scope) => scope !== 'admin' && !demand.includes(scope));
  const closed = scopes.filter((scope) => scope === 'admin' || demand.includes(scope));
  const { source, newAuthor } = budgets;
  return [
    `listening on ${host}: everybody who reaches it may come in`,
    `  open without a key: ${open.join(', ') || 'nothing'}${open.length > 0 ? ' (config.json: "demand" closes each)' : ''}`,
    `  with a key or the token alone: ${closed.join(', ')} (cosmic access add NAME SCOPE…)`,
    `  a day, for one address ${sizeOf(source.bytes)}, for one new author ${sizeOf(newAuthor.bytes)} ("budgets")`,
    `  names: addresses, localhost${hosts.map((name) => `, ${name}`).join('')} ("hosts"); pages of other origins: ${cors.join(', ') || 'none'} ("cors")`,
    `  traffic is not encrypted: put a proxy with TLS in front${trustLoopback ? ', and "trustLoopback": false if that runs on this machine' : ''}`,
  ];
}

function sizeOf(bytes: number | undefined): string {
  if (bytes === undefined) return 'any size';
  return bytes >= 2 ** 30 ? `${Math.round(bytes / 2 ** 30)} GiB` : `${Math.round(bytes / 2 ** 20)} MiB`;
}
