export { loadConfig, type NodeConfig } from './operate/config.js';
export { createLog } from './operate/log.js';
export { createNode, type RunningNode } from './node.js';
