// Makes threads of job code endable, whatever loop they are in.

import { setFlagsFromString } from 'node:v8';

/**
 * Where it unrolls loops, V8 14 takes the check for a requested end out of a loop around a short one of known length
 * (`for (;;) new Array(1000)`): such a thread could never be ended, nor held to its heap limit. Before the first thread.
 */
export function keepLoopsEndable(): void {
  setFlagsFromString('--no-turboshaft-loop-unrolling');
}
