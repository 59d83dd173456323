import type { Repute } from './reputation.js';
import type { PeerRules } from './rules.js';

/** Why a peer that has said who it is may not stay; undefined where it may. */
export function refusalBy(
  rules: Pick<PeerRules, 'allow' | 'deny'>,
  { bannedUntilMs, why }: Pick<Repute, 'bannedUntilMs' | 'why'>,
  name: string,
  proven: boolean,
): string | undefined {
  const { allow = [], deny = [] } = rules;
  if (deny.includes(name)) return `${name} is denied here`;
  if (allow.length > 0 && !(proven && allow.includes(name))) return `${name} is not on the list`;
  if (bannedUntilMs === undefined) return undefined;
  const until = Number.isFinite(bannedUntilMs) ? new Date(bannedUntilMs).toISOString() : 'further notice';
  return `banned until ${until}: ${why ?? ''}`;
}
