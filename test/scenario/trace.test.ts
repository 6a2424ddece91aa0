// Traces of runs, through the whole application: one file a run that asks for it, masked, gone with its row.

import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { expect, it } from 'vitest';
import { jobFile } from '../support/job-thread.ts';
import { createScenario, type Scenario } from '../support/scenario.ts';

const AT = '2026-11-21T10:00:30Z';
const LATER = '2026-11-21T10:01:30Z';

const traces = (s: Scenario) => path.join(s.dir, 'data/traces');

function linesOf(s: Scenario, id: string | null): Record<string, unknown>[] {
  const text = readFileSync(path.join(traces(s), `${id}.jsonl`), 'utf8');
  return text
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));
}

/** Files are written by the system, not by the clock of the test: they are there when the service has stopped. */
async function rowsAfterStop(s: Scenario, job: string) {
  const rows = await s.rows(job);
  await s.stop();
  return rows;
}

it('has all of a run, attempt after attempt, under the id that the run shows', async () => {
  const s = await createScenario({
    at: AT,
    scheduler:
      'jobs:\n  odd: { enabled: true, cron: "1 10 * * *", retries: 1, trace: true, input: { n: 1 } }',
    handlers: {
      odd: (ctx) => {
        ctx.log.info(`try ${ctx.attempt}`, { token: 'abc' });
        ctx.progress(1, 2);
        if (ctx.attempt === 1) throw new Error('no luck');
        return { items_processed: 3 };
      },
    },
  });
  await s.start();
  await s.advanceTo(LATER);
  const [row] = await rowsAfterStop(s, 'odd');
  expect(row!.trace_session_id).toBe(row!.run_id);
  const lines = linesOf(s, row!.trace_session_id);
  expect(lines.map(({ attempt, kind, message }) => [attempt, kind, message ?? null])).toEqual([
    [1, 'attempt_started', null],
    [1, 'line', 'try 1'],
    [1, 'progress', null],
    [1, 'line', 'the handler threw'],
    [1, 'line', 'attempt 1 failed: no luck'],
    [1, 'attempt_ended', null],
    [2, 'attempt_started', null],
    [2, 'line', 'try 2'],
    [2, 'progress', null],
    [2, 'attempt_ended', null],
  ]);
  expect(lines[0]).toMatchObject({
    ...{ trace_session_id: row!.run_id, run_id: row!.run_id, job: 'odd', handler: 'odd' },
    ...{ input: { n: 1 }, slot: Date.parse('2026-11-21T10:01:00Z'), dry_run: false },
  });
  expect(lines[1]).toMatchObject({ level: 'info', stream: 'log', fields: { token: '[redacted]' } });
  expect(lines.at(-1)).toMatchObject({ outcome: 'succeeded', statistics: { items_processed: 3 } });
});

it('is asked for by the input of one run as well, also where the handler takes no other parameters', async () => {
  const s = await createScenario({
    at: AT,
    scheduler: `jobs:
  strict: { enabled: true, cron: "0 4 * * *", input: { n: 1, enable_tracing: false } }
  quiet: { enabled: true, cron: "1 10 * * *", run_log: failures }`,
    files: {
      'strict.ts': jobFile("console.log('out');", '', 'input: z.strictObject({ n: z.number() }),'),
      'quiet.ts': jobFile("console.log('out');"),
    },
  });
  await s.start();
  const run = await s.service.runNow('strict', { by: 'test', input: { enable_tracing: true } });
  await s.advanceTo(LATER);
  const [strict] = await s.rows('strict');
  const [quiet] = await rowsAfterStop(s, 'quiet');
  expect(strict).toMatchObject({ state: 'succeeded', trace_session_id: run.run_id });
  expect(quiet).toMatchObject({ state: 'succeeded', trace_session_id: null });
  expect(readdirSync(traces(s))).toEqual([`${run.run_id}.jsonl`]);
  expect(linesOf(s, run.run_id)[1]).toMatchObject({ stream: 'stdout', message: 'out' });
});

it('goes with the row of its run; other files of the folder stay', async () => {
  const s = await createScenario({
    at: AT,
    scheduler:
      'history_max_rows: 2\ndefaults: { trace: true }\njobs:\n  odd: { enabled: true, cron: "* * * * *" }',
    handlers: { odd: () => ({}) },
  });
  const notes = path.join(traces(s), 'notes.jsonl');
  await mkdir(traces(s), { recursive: true });
  await writeFile(notes, '{}\n');
  await s.start();
  await s.advanceTo('2026-11-21T10:05:30Z');
  const before = (await s.rows('odd')).map((row) => row.run_id);
  await s.advanceTo('2026-11-21T10:59:45Z');
  await s.stop();
  expect(before.every((id) => existsSync(path.join(traces(s), `${id}.jsonl`)))).toBe(true);
  // The next start begins with the upkeep.
  await s.start();
  const kept = (await rowsAfterStop(s, 'odd')).map((row) => `${row.run_id}.jsonl`);
  const left = readdirSync(traces(s));
  expect(before.some((id) => !kept.includes(`${id}.jsonl`))).toBe(true);
  expect(left).toContain('notes.jsonl');
  expect(left.filter((name) => before.includes(path.parse(name).name) && !kept.includes(name))).toEqual([]);
});
