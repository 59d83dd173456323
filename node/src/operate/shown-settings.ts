import type { NodeConfig } from './config.js';

/** What is in force at the door and on the disk, for the operator's page; of settings that may hold secrets nothing. */
export function shownSettings(config: NodeConfig): Readonly<Record<string, unknown>> {
  const { network, policy, budgets, retention, demand, trustLoopback, requestsPerMinute } = config;
  const { requestMaxBytes, inFlightMax, publishingMax, connectionsMax, dataMaxBytes, freeMinBytes, receipts } = config;
  return {
    network,
    policy,
    budgets,
    ...(retention === undefined ? {} : { retention }),
    demand,
    trustLoopback,
    requestsPerMinute,
    requestMaxBytes,
    inFlightMax,
    publishingMax,
    connectionsMax,
    // What is not bounded is not said to be so many bytes.
    ...(dataMaxBytes === Number.MAX_SAFE_INTEGER ? {} : { dataMaxBytes }),
    freeMinBytes,
    receipts,
  };
}
