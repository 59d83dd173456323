/** `@cosmicembeddings/sdk/python` in Node: the portable classes, and those that need files or sockets. */
export * from '../index.js';
export { loadBlock, loadConfig, saveBlock, saveConfig } from './files.js';
export { DiscoveryService } from './discovery-service.js';
export { Node, type NodeIdentity } from './node.js';
