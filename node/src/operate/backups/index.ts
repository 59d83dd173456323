export { isRepository, openPlace } from './open-place.js';
export type { Place } from './place.js';
export { listManifests, readManifest, type Manifest } from './manifest.js';
export { findBackup, restoreFiles, restoreStore, verifyBackup } from './read.js';
export { backupNotes, scheduleBackups, type BackupRules, type BackupState } from './schedule.js';
export { takeBackup, type Taken } from './take.js';
export { takeOf } from './take-locked.js';
