// The process of a job: code first, then one call after another, all on the one channel to the service.

import type { JobCode } from '#core/handler';
import { JobServer, loadCode, type ServedCall } from './job-server.ts';
import type { FromProcess, FromWorker, ToProcess } from './messages.ts';
import { tellWithheld } from './withheld.ts';

interface Current {
  n: number;
  call: ServedCall;
  isPaused: boolean;
  taken: number;
}

const send = process.send!.bind(process);
/** A service that is gone reads nothing. */
const post = (message: FromProcess) => void send(message, undefined, undefined, () => {});
// The channel is the service's: a job that spoke on it would be taken for us.
Object.assign(process, { send: undefined });

let code: JobCode | null = null;
let current: Current | null = null;
const server = new JobServer(() => loadCode(code!));

process.on('message', (message: ToProcess) => {
  if (message.kind === 'code') {
    code = message.code;
    tellWithheld(message.withheld, (line) => current?.call.warn(line));
  } else if (message.kind === 'begin') begin(message);
  else if (message.n !== current?.n) return;
  else if (message.kind === 'paused') current.isPaused = message.isPaused;
  else if (message.kind === 'taken') current.taken = message.lines;
  else current.call.hear(message.message);
});
// Whatever the service died of: nobody waits for this work any more. What does not hear it is ended at the next start.
process.on('disconnect', () => process.kill(process.pid, 'SIGKILL'));

function begin({ n, start, isPaused }: Extract<ToProcess, { kind: 'begin' }>): void {
  let dropped = 0;
  const line = {
    post(message: FromWorker) {
      if ('isClean' in message && dropped > 0) post({ kind: 'dropped', n, lines: dropped });
      post({ kind: 'said', n, message });
    },
    isPaused: () => current?.isPaused === true,
    taken: () => current?.taken ?? 0,
    onDropped(lines: number) {
      dropped = lines;
    },
  };
  current = { n, call: server.begin(line, start), isPaused, taken: 0 };
}
