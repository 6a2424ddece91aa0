// Function modules: found like job files, their parameters checked and filled, called with the framework's names.

import { existsSync } from 'node:fs';
import path from 'node:path';
import { expect, it } from 'vitest';
import type { Json, JsonObject } from '#core/handler';
import { HandlerRegistry } from '#runs/handlers/registry';
import { createLog } from '../../../src/log.ts';
import { runJob } from '../../../src/testing.ts';
import { jobFolder, startJob } from '../../support/job-thread.ts';
import { createManualClock } from '../../support/manual-clock.ts';
import { createScenario } from '../../support/scenario.ts';

const PARAMETERS = `{
  full_maintenance: { type: 'boolean', description: 'Whether to perform full maintenance', default: false },
  days: { type: 'integer', required: true },
  note: { type: 'string' },
}`;
const moduleOf = (body: string, parameters = PARAMETERS, name = 'your_module.maintenance') => `
import { existsSync } from 'node:fs';
export const FUNCTION_NAME = '${name}';
export const FUNCTION_DESCRIPTION = 'Perform maintenance tasks for your module';
export const FUNCTION_PARAMETERS = ${parameters};
export async function execute(context, parameters, trace) { ${body} }
`;
const DONE = `return { success: true, message: 'done', details: { ...parameters } };`;

async function call(
  body: string,
  input: JsonObject,
  ask?: (name: string, args: JsonObject) => Promise<Json>,
) {
  const folder = await jobFolder({ 'maintenance.mjs': moduleOf(body) });
  const data = { stateDir: path.join(folder.dir, 'state/jobs/nightly') };
  const options = { input, data, ...(ask && { call: ask }) };
  const { answer } = await startJob(folder, 'your_module.maintenance', options);
  return { dir: folder.dir, result: (await answer).result, state: (await answer).state };
}

it('it is known by its own name, with its description, parameters and their defaults', async () => {
  const folder = await jobFolder({ 'maintenance.mjs': moduleOf(DONE) });
  const { registry } = folder;
  expect(registry.names).toEqual(['your_module.maintenance']);
  expect(registry.info('your_module.maintenance')).toMatchObject({
    description: 'Perform maintenance tasks for your module',
    defaults: { input: { full_maintenance: false } },
    file: path.join(folder.dir, 'maintenance.mjs'),
  });
});

it('execute gets its parameters with defaults filled, and its answer is kept as it is', async () => {
  const { result } = await call(DONE, { days: 3 });
  expect(result).toEqual({
    statistics: { success: true, message: 'done', details: { days: 3, full_maintenance: false } },
    failure: null,
    warnings: [],
  });
});

it('the request for a trace is no parameter', async () => {
  const { result } = await call(DONE, { days: 3, enable_tracing: true });
  expect(result.statistics.details).toEqual({ days: 3, full_maintenance: false });
});

it('the context is ctx: state, log and the rest are those of the run', async () => {
  const { state } = await call(
    `context.state = { attempt: context.attempt, vault: typeof context.config.paths.vault }; ${DONE}`,
    { days: 3 },
  );
  expect(state).toEqual({ attempt: 1, vault: 'string' });
});

it('config.DATA_DIR is a directory of its module, there when it is asked for', async () => {
  const { result, dir } = await call(
    `const dir = context.config.DATA_DIR; return { success: existsSync(dir), dir, isFrozen: Object.isFrozen(context.config) };`,
    { days: 1 },
  );
  const expected = path.join(dir, 'state/modules/your_module');
  expect(result.statistics).toEqual({ success: true, dir: expected, isFrozen: true });
  expect(existsSync(expected)).toBe(true);
});

it('a name of dots leads to no other directory', async () => {
  const folder = await jobFolder({
    'odd.mjs': moduleOf(`return { success: true, dir: context.config.DATA_DIR };`, '{}', '...x'),
  });
  const data = { stateDir: path.join(folder.dir, 'state/jobs/odd') };
  const { answer } = await startJob(folder, '...x', { data });
  expect((await answer).result.statistics.dir).toBe(path.join(folder.dir, 'state/modules/_'));
});

it('getService gives the scheduler, whose operations are methods; others are refused', async () => {
  const asked: unknown[] = [];
  const { result } = await call(
    `const service = await context.getService('scheduler_service');
     const jobs = await service.list_jobs();
     await service.register_cleanup({ directory: '/tmp/x', retention_days: 7 });
     let code = null;
     try { context.getService('database') } catch (error) { code = error.code }
     return { success: true, jobs, code };`,
    { days: 1 },
    async (operation, input) => {
      asked.push([operation, input]);
      return [];
    },
  );
  expect(result.statistics).toEqual({ success: true, jobs: [], code: 'INVALID_PARAMETERS' });
  expect(asked).toEqual([
    ['list_jobs', {}],
    ['register_cleanup', { rule: { directory: '/tmp/x', retention_days: 7 } }],
  ]);
});

it.each([
  ['an object without success', `return { message: 'fine?' };`, 'an object without `success`'],
  ['nothing', '', 'undefined'],
  ['a text', `return 'ok';`, 'string'],
])('%s is a failure', async (_name, body, told) => {
  const { result } = await call(body, { days: 1 });
  expect(result.failure?.error.message).toContain(told);
});

it('the message of a failure is its error', async () => {
  const { result } = await call(`return { success: false, message: 'disk full' };`, { days: 1 });
  expect(result.failure?.error.message).toBe('disk full');
});

it.each([
  [{}, 'days'],
  [{ days: 'three' }, 'days'],
  [{ days: 1.5 }, 'days'],
  [{ days: 1, full_maintenance: 'yes' }, 'full_maintenance'],
  [{ days: 1, note: 5 }, 'note'],
  [{ days: 1, dayz: 5 }, 'dayz'],
])('parameters %j are refused when the job is defined', async (input, named) => {
  const scheduler = (values: object) =>
    `jobs:\n  nightly: { enabled: true, manual_only: true, handler: your_module.maintenance, input: ${JSON.stringify(values)} }`;
  const files = { 'maintenance.mjs': moduleOf(DONE) };
  const at = '2026-11-21T10:00:00Z';
  const refused = await createScenario({ at, files, scheduler: scheduler(input) });
  await expect(refused.start()).rejects.toThrow(named);
});

it('defaults are filled in the job itself, and a run by hand is checked as well', async () => {
  const s = await createScenario({
    at: '2026-11-21T10:00:00Z',
    files: { 'maintenance.mjs': moduleOf(DONE) },
    scheduler:
      'jobs:\n  nightly: { enabled: true, manual_only: true, handler: your_module.maintenance, days: 2 }',
  });
  await s.start();
  expect((await s.service.find('nightly')).input).toEqual({ full_maintenance: false, days: 2 });
  const wrong = s.service.runNow('nightly', { by: 'ann', input: { days: null } });
  await expect(wrong).rejects.toMatchObject({ code: 'INVALID_PARAMETERS' });
});

it.each([
  ['a type that is none', `{ a: { type: 'bolean' } }`, 'FUNCTION_PARAMETERS.a has the type "bolean"'],
  [
    'a default of another type',
    `{ a: { type: 'int', default: 'x' } }`,
    'the default of FUNCTION_PARAMETERS.a',
  ],
])('%s is told with the file, and the function is not used', async (_name, parameters, told) => {
  const folder = await jobFolder({ 'bad.mjs': moduleOf(DONE, parameters) });
  const lines: string[] = [];
  const sink = { write: (line: string) => void lines.push(line) };
  const registry = new HandlerRegistry(
    createLog({ clock: createManualClock(0), level: 'info', sink, pretty: false }),
  );
  await registry.discover([folder.dir]);
  expect(registry.names).toEqual([]);
  expect(JSON.parse(lines[0]!)).toMatchObject({ error: expect.stringContaining(told) });
  expect(lines[0]).toContain('bad.mjs');
});

it('it is tested as every job is', async () => {
  const functions = {
    FUNCTION_NAME: 'core.sum',
    FUNCTION_PARAMETERS: { a: { type: 'int', default: 2 }, b: { type: 'int', required: true } },
    execute: (_context: unknown, { a, b }: JsonObject) => ({ success: true, sum: Number(a) + Number(b) }),
  };
  expect(await runJob(functions, { input: { b: 3 } })).toMatchObject({
    outcome: 'succeeded',
    result: { sum: 5 },
  });
});
