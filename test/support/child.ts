// Starts a script of test/support with the same Node, and reads its answers line by line.

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

export interface Child {
  process: ChildProcess;
  /** The next line, parsed. Throws with what the child complained about when it has ended. */
  answer(): Promise<unknown>;
  ended: Promise<unknown>;
}

/** `as` = another user and group, which only root can become. */
export function startChild(
  script: string,
  args: readonly string[],
  as?: { uid: number; gid: number },
): Child {
  const child = spawn(process.execPath, [join(import.meta.dirname, script), ...args], {
    stdio: ['pipe', 'pipe', 'pipe'],
    ...as,
  });
  let complaints = '';
  child.stderr.on('data', (chunk) => {
    complaints += chunk;
  });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  return {
    process: child,
    ended: once(child, 'exit'),
    answer: async () => {
      const { value, done } = await lines.next();
      if (done) throw new Error(`${script} has ended: ${complaints}`);
      return JSON.parse(value);
    },
  };
}
