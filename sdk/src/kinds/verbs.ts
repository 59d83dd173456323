/**
 * First words of the command line that are its own: a plug-in's commands never take their place. The CLI's tests compare
 * this with what it has.
 */
export const reservedVerbs: ReadonlySet<string> = new Set([
  'access',
  'backup',
  'create',
  'embed',
  'erase',
  'export',
  'fsck',
  'get',
  'help',
  'import',
  'init',
  'key',
  'mcp',
  'node',
  'peers',
  'policy',
  'publish',
  'restore',
  'retention',
  'retract',
  'search',
  'sky',
  'status',
  'sync',
  'vacuum',
  'verify',
  'version',
  'view',
]);
