/** A disk of a few megabytes that can be filled to the last byte and freed again. Needs the right to mount a tmpfs. */
import { execFileSync, spawnSync } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Undefined where mounting is not allowed. */
export function mountSmallDisk(megabytes) {
  const path = mkdtempSync(join(tmpdir(), 'cosmic-disk-'));
  const size = `size=${megabytes}m,nr_inodes=0`;
  if (process.platform !== 'linux' || spawnSync('mount', ['-t', 'tmpfs', '-o', size, 'tmpfs', path]).status !== 0) {
    rmSync(path, { recursive: true, force: true });
    return undefined;
  }
  const ballast = join(path, 'ballast');
  return {
    path,
    /** Takes all space, then gives `leave` bytes back. */
    fill(leave = 0) {
      const file = openSync(ballast, 'a');
      try {
        for (const piece of [1 << 20, 1 << 12, 1])
          try {
            for (;;) writeSync(file, Buffer.alloc(piece));
          } catch (error) {
            if (error.code !== 'ENOSPC') throw error;
          }
      } finally {
        closeSync(file);
      }
      if (leave > 0) execFileSync('truncate', ['-s', `-${leave}`, ballast]);
    },
    free: () => rmSync(ballast, { force: true }),
    unmount() {
      spawnSync('umount', ['-l', path]);
      rmSync(path, { recursive: true, force: true });
    },
  };
}
