export { createClient, type ClientOptions, type NodeClient } from './client.js';
