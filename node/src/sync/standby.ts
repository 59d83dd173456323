/** A connection as far as it matters who else leads to the same node. */
export interface Link {
  readonly name: string;
  readonly isReady: boolean;
  readonly isDialled: boolean;
  readonly session: { readonly proven: boolean };
}

/**
 * Of several connections to one node, those that came in stand by while one that we dialled is up, and of those that came in
 * no more than `max` stay. Only a proven identity counts: who merely says another's name displaces nobody.
 */
export function rankLinks<T extends Link>(
  links: Iterable<T>,
  max: number,
): { readonly standby: ReadonlyMap<T, boolean>; readonly surplus: readonly T[] } {
  const reached = new Set<string>();
  const inbound = new Map<string, T[]>();
  for (const link of links) {
    if (!link.isReady || !link.session.proven) continue;
    if (link.isDialled) reached.add(link.name);
    else inbound.set(link.name, [...(inbound.get(link.name) ?? []), link]);
  }
  const standby = new Map<T, boolean>();
  for (const [name, same] of inbound) for (const link of same) standby.set(link, reached.has(name));
  // The newest are those that the other side knows to be alive.
  return { standby, surplus: [...inbound.values()].flatMap((same) => same.slice(0, -max)) };
}
