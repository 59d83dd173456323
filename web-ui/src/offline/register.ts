import { ownScript } from '../parts/own-scripts.js';

/** What was opened can be read again while the node is away. */
export async function keepForOffline(): Promise<void> {
  try {
    await navigator.serviceWorker.register(ownScript('sw.js'));
  } catch {
    // A browser that forbids it, a private window: the page works without.
  }
}
