// What the idle service costs: its CPU time over a minute and that of the image's health check, beside a bare Node with a timer.

import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { type Figure, figure } from './figure.ts';
import { cpuMsOf, ROOT, Service } from './support/process.ts';

const LIMIT_MS = 20;
/** After the start: its garbage and its compiling are no idling. */
const SETTLE_MS = 9_000;
const WINDOW_MS = 18_000;
const MINUTE_MS = 60_000;
const CHECKS = 20;

/** None where the system does not tell. */
export async function figures(): Promise<Figure[]> {
  const service = await Service.start({ jobs: [] });
  const bare = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], { stdio: 'ignore' });
  try {
    await sleep(SETTLE_MS);
    if (cpuMsOf(service.pid) === null) return [];
    const [own, floor] = await Promise.all([idleMs(service.pid), idleMs(bare.pid!)]);
    const { everyMs, costMs } = await healthCheck(service.stateDir);
    const value = own + costMs * (MINUTE_MS / everyMs);
    const measured = { value, unit: 'ms/min', better: 'lower' } as const;
    return [
      figure({ ...measured, figure: 'idle CPU', yardstick: 'limit', yardstick_value: LIMIT_MS, goal: 1 }),
      figure({
        ...measured,
        figure: 'idle CPU, beside the floor',
        yardstick: 'node with a 1 s timer',
        yardstick_value: floor,
      }),
    ];
  } finally {
    bare.kill('SIGKILL');
    await once(bare, 'exit');
    await service.discard();
  }
}

/** CPU milliseconds a minute. */
async function idleMs(pid: number): Promise<number> {
  const before = cpuMsOf(pid)!;
  const began = performance.now();
  await sleep(WINDOW_MS);
  return ((cpuMsOf(pid)! - before) * MINUTE_MS) / (performance.now() - began);
}

/** The Dockerfile's own command, as Docker runs it: by a shell, at this interval. CPU milliseconds a check. */
async function healthCheck(stateDir: string): Promise<{ everyMs: number; costMs: number }> {
  const dockerfile = readFileSync(path.join(ROOT, 'Dockerfile'), 'utf8').replaceAll('\\\n', ' ');
  const [, interval, command] = /^HEALTHCHECK --interval=(\d+)s .*?CMD (.+)$/m.exec(dockerfile)!;
  // The shell's `times` ends with what its children took, the only account of processes that are over.
  const script = `n=0; while [ $n -lt ${CHECKS} ]; do /bin/sh -c "$CHECK" || exit 1; n=$((n + 1)); done; times`;
  const env = { PATH: process.env.PATH, CHECK: command, SCHEDULER_STATE_DIR: stateDir };
  const { stdout } = await promisify(execFile)('/bin/sh', ['-c', script], { env });
  const ofChildren = stdout.trim().split('\n').at(-1)!;
  const seconds = [...ofChildren.matchAll(/(\d+)m([\d.]+)s/g)].map(([, m, s]) => Number(m) * 60 + Number(s));
  const total = seconds.reduce((sum, each) => sum + each, 0);
  return { everyMs: Number(interval) * 1000, costMs: (total * 1000) / CHECKS };
}
