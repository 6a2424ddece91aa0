// The thread of a job: each message of the service is a call, on a line of its own.

import { parentPort, workerData } from 'node:worker_threads';
import { JobServer, loadCode, type ServedCall } from './job-server.ts';
import { SHARED, type ThreadCall, type ThreadStart, type ToWorker } from './messages.ts';
import { tellWithheld } from './withheld.ts';

const { code, withheld } = workerData as ThreadStart;
let current: ServedCall | null = null;
const server = new JobServer(() => loadCode(code));
tellWithheld(withheld, (line) => current?.warn(line));

// The listener keeps the thread alive as well: a handler that waits for nothing is ended by the service, not by chance.
parentPort!.on('message', ({ port, shared: memory, data, input }: ThreadCall) => {
  const shared = new Int32Array(memory);
  const line = {
    post: port.postMessage.bind(port),
    isPaused: () => Atomics.load(shared, SHARED.paused) === 1,
    taken: () => Atomics.load(shared, SHARED.taken),
    onDropped: (lines: number) => void Atomics.store(shared, SHARED.dropped, lines),
  };
  const call = server.begin(line, { data, input });
  current = call;
  port.on('message', (message: ToWorker) => call.hear(message));
});
