/** Client processes: forked, told one job, heard until it is done. */
import { fork } from 'node:child_process';

export function startClient(module, job, onProgress = () => undefined) {
  const child = fork(new URL(module, import.meta.url));
  const done = new Promise((resolve, reject) => {
    child.on('message', (message) => {
      if (message.done === undefined) return onProgress(message);
      resolve(message.done);
      child.disconnect();
    });
    child.once('error', reject);
    child.once('exit', (code) => reject(new Error(`${module} ended with ${code} before it was done`)));
  });
  child.send(job);
  return { done, kill: () => child.kill('SIGKILL') };
}

export const runClient = (module, job, onProgress) => startClient(module, job, onProgress).done;
