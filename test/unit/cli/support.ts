// What the tests of the command line share: rows as the service answers them, and a terminal that remembers.

import type { Log } from '#core/log';
import type { CliIo, Screen } from '#faces/cli/io';
import type { Host } from '#service/host';
import type { JobShape, RunShape } from '#service/shapes';
import { createManualClock, type ManualClock } from '../../support/manual-clock.ts';

export const RUN_ID = '01a1fcd2-6db5-7230-a929-62139be01d5a';

export function runOf(over: Partial<RunShape> = {}): RunShape {
  return {
    run_id: RUN_ID,
    trace_session_id: null,
    name: 'report_1774746000',
    job: 'report',
    job_name: 'report',
    kind: 'scheduled',
    state: 'succeeded',
    reason: null,
    slot: '2026-03-29T03:00:00+02:00',
    due_at: '2026-03-29T03:00:00+02:00',
    not_before: null,
    covers: null,
    attempt: 1,
    attempts: [],
    queued_at: '2026-03-29T03:00:00.004+02:00',
    started_at: '2026-03-29T03:00:00.012+02:00',
    ended_at: '2026-03-29T03:00:02.112+02:00',
    duration: 2.1,
    late_by: 0,
    input: {},
    config_hash: 'c',
    code_hash: 'k',
    success: true,
    statistics: {},
    error: null,
    warnings: [],
    by: 'schedule',
    boot: 'b',
    ...over,
  };
}

export function jobOf(over: Partial<JobShape> = {}): JobShape {
  return {
    id: 'report',
    name: 'report',
    description: null,
    handler: 'report',
    input: {},
    source: 'config',
    owner: null,
    module_id: null,
    state: 'active',
    enabled: true,
    paused_by: [],
    circuit: { state: 'closed', since: null },
    warnings: [],
    schedule: { kind: 'cron', expression: '0 3 * * *', timezone: 'Europe/Paris', anchor: null },
    policy: {},
    next_run: '2026-03-30T03:00:00+02:00',
    last_run: null,
    last_error: null,
    run_count: 0,
    success_count: 0,
    failure_count: 0,
    max_executions: null,
    created_at: '2026-03-01T00:00:00+01:00',
    updated_at: '2026-03-01T00:00:00+01:00',
    ...over,
  };
}

export interface Recorder extends Screen {
  text: string;
}

export function screen(isTTY = false, columns = 80): Recorder {
  return {
    text: '',
    isTTY,
    columns,
    write(text) {
      this.text += text;
    },
  };
}

export interface FakeIo extends CliIo {
  stdout: Recorder;
  stderr: Recorder;
  clock: ManualClock;
}

const silent: Log = {
  debug() {},
  info() {},
  warn() {},
  error() {},
  with: () => silent,
  at: () => silent,
};

/** A command line in a process of its own would get this; `host` answers what a test says. */
export function fakeIo(host: Partial<Host> = {}): FakeIo {
  const unasked = () => Promise.reject(new Error('the host was not expected to be asked'));
  return {
    host: {
      load: unasked,
      check: unasked,
      keeping: { place: unasked, backUp: unasked, restore: unasked, examine: unasked },
      ...host,
    },
    clock: createManualClock(Date.UTC(2026, 2, 29, 12)),
    log: silent,
    user: 'anna',
    version: '1.2.3',
    service: { url: null, token: null },
    stdout: screen(),
    stderr: screen(),
    signal: new AbortController().signal,
    onHangup: () => {},
  };
}
