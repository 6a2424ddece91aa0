// The thread in which job files are loaded for the first time: says which one it is at, so that a silence has a name.

import { parentPort, workerData } from 'node:worker_threads';
import { importVersion } from './module-versions.ts';
import type { ProbeStep } from './probe.ts';

const tell = (step: ProbeStep) => parentPort?.postMessage(step);

for (const file of workerData as readonly string[]) {
  tell({ file, isOver: false });
  // An import that fails does so in the service as well, and is explained there.
  await importVersion(file).catch(() => {});
  // A rejection that the file left in the air comes now.
  await new Promise((resolve) => setImmediate(resolve));
  tell({ file, isOver: true });
}
