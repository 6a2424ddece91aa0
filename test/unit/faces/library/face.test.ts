// The public class inside of a program: real clock, real ledger, functions as handlers.

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import {
  type JobContext,
  SchedulerError,
  type SchedulerOptions,
  SchedulerService,
  z,
} from 'aclarai-scheduler';
import { describe, expect, expectTypeOf, onTestFinished, test } from 'vitest';

const settings = { scheduler: { timezone: 'UTC', jobs: { hello: { manual_only: true, enabled: true } } } };

async function stateDir(): Promise<string> {
  const dir = await mkdtemp(path.join(tmpdir(), 'library-'));
  onTestFinished(() => rm(dir, { recursive: true, force: true }));
  return dir;
}

async function scheduler(options: SchedulerOptions = {}) {
  const made = new SchedulerService({ settings, stateDir: await stateDir(), logger: null, ...options });
  onTestFinished(() => made.stop());
  made.registerHandler('hello', ({ input, log }) => {
    log.info('hello');
    return { greeted: input.whom ?? 'world' };
  });
  return made;
}

describe('a program', () => {
  test('registers a function, runs it, hears of it and reads what it answered', async () => {
    const made = await scheduler();
    const told: string[] = [];
    made.on('*', ({ type }) => told.push(type));
    await made.start();
    const queued = await made.jobs.run('hello', { input: { whom: 'ann' } });
    const ended = await made.runs.wait(queued.run_id);
    expect(ended).toMatchObject({ state: 'succeeded', statistics: { greeted: 'ann' }, by: 'library' });
    expect(told.filter((type) => type.startsWith('run:'))).toEqual([
      'run:queued',
      'run:started',
      'run:succeeded',
    ]);
    expect((await made.jobs.get('hello')).policy).toMatchObject({ isolation: 'inline' });
    expect(await made.jobs.list()).toMatchObject([{ id: 'hello' }, { id: 'housekeeping' }]);
    expect(await made.stats()).toMatchObject({ executions_today: 1, success_rate: 1 });
    expect(await made.status()).toMatchObject({ state: 'running', timezone: 'UTC' });
  });

  test('makes a job in types of TypeScript, changes it, sees it run, takes it away', async () => {
    const made = await scheduler();
    await made.start();
    const every = { hours: 1 };
    const job = await made.jobs.create({
      id: 'mine',
      handler: 'hello',
      every,
      timeout: { seconds: 90 },
      retries: 0,
    });
    expect(job).toMatchObject({
      schedule: { expression: '1h' },
      policy: { timeout: 90, isolation: 'inline' },
    });
    const { promise: ran, resolve } = Promise.withResolvers<string>();
    made.on('run:succeeded', (event) => resolve(event.job));
    await made.jobs.update('mine', { at: new Date(Date.now() + 50) });
    expect(await ran).toBe('mine');
    expect(await made.jobs.delete('mine', { purge: true })).toEqual({ deleted: 'mine' });
    await expect(made.jobs.get('mine')).rejects.toMatchObject({ code: 'JOB_NOT_FOUND' });
  });

  test('keeps everything over a stop and a start, listeners and functions too', async () => {
    const made = await scheduler();
    const told: string[] = [];
    made.on('run:succeeded', ({ job }) => told.push(job));
    for (const _ of [1, 2]) {
      await made.start();
      expect(made.isStarted).toBe(true);
      await made.runs.wait((await made.jobs.run('hello')).run_id);
      await made.stop();
      expect(made.isStarted).toBe(false);
    }
    expect(told).toEqual(['hello', 'hello']);
    expect(await made.runs.list({ job: 'hello' })).toHaveLength(2);
  });

  test('waits no longer than it is told', async () => {
    const made = await scheduler();
    const { run_id } = await made.jobs.run('hello');
    expect(await made.runs.wait(run_id, { for: { milliseconds: 10 } })).toMatchObject({ state: 'queued' });
    expect(await made.runs.wait(run_id, { signal: AbortSignal.abort() })).toMatchObject({ state: 'queued' });
  });

  test('a run that fails says why; the program goes on', async () => {
    const made = await scheduler();
    made.registerHandler('hello', () => {
      throw new Error('no greeting');
    });
    await made.start();
    const ended = await made.runs.wait((await made.jobs.run('hello')).run_id);
    expect(ended).toMatchObject({ state: 'failed', error: { message: 'no greeting' } });
  });

  test('a function that is registered while it is up is used from then on', async () => {
    const made = await scheduler();
    await made.start();
    made.registerHandler('later', {
      input: z.object({ n: z.int() }),
      run: ({ input }: JobContext<{ n: number }>) => ({ twice: input.n * 2 }),
    } as never);
    const ended = await made.runs.wait((await made.runs.start('later', { input: { n: 4 } })).run_id);
    expect(ended).toMatchObject({ state: 'succeeded', statistics: { twice: 8 } });
    await expect(made.runs.start('later', { input: { n: 'x' } })).rejects.toMatchObject({
      code: 'INVALID_PARAMETERS',
    });
  });

  test('asks without a start: what is queued runs at the next one', async () => {
    const made = await scheduler();
    const { run_id } = await made.jobs.run('hello');
    expect(await made.runs.get(run_id)).toMatchObject({ state: 'queued' });
    await made.start();
    expect(await made.runs.wait(run_id)).toMatchObject({ state: 'succeeded' });
  });
});

describe('pauses, slots and forecasts in types of TypeScript', () => {
  test('until a Date, for a while, of one and of all', async () => {
    const made = await scheduler();
    await made.start();
    await made.jobs.pause('hello', { until: new Date(Date.now() + 3_600_000), reason: 'moving' });
    await made.pauses.pause({ for: { minutes: 5 } });
    expect(await made.pauses.list()).toMatchObject([
      { job: null, source: 'api', who: 'library' },
      { job: 'hello', why: 'moving' },
    ]);
    await expect(made.pauses.pause()).rejects.toMatchObject({ code: 'ALREADY_PAUSED' });
    await made.jobs.resume('hello');
    expect(await made.pauses.resume()).toMatchObject({ resumed: 1 });
    await expect(made.pauses.resume()).rejects.toMatchObject({ code: 'NOT_PAUSED' });
  });

  test('next, why, simulate, validate', async () => {
    const jobs = { tick: { handler: 'hello', enabled: true, cron: '0 * * * *' } };
    const made = await scheduler({ settings: { scheduler: { timezone: 'UTC', jobs } } });
    const [slot] = await made.next({ job: 'tick', count: 1 });
    expect(await made.why('tick', new Date(slot!.slot))).toMatchObject({ answer: 'future' });
    const from = Temporal.Instant.from('2030-01-01T00:00:00Z');
    const down = [[new Date('2030-01-01T00:30:00Z'), new Date('2030-01-01T01:30:00Z')]] as const;
    const simulated = await made.simulate({
      ...{ from, to: new Date('2030-01-01T03:00:00Z'), down },
      durations: { tick: { minutes: 1 } },
    });
    expect(simulated.runs.filter(({ job }) => job === 'tick').map(({ outcome }) => outcome)).toEqual([
      'run',
      'missed',
      'run',
    ]);
    expect(await made.validate('0 9 * * 1')).toMatchObject({ ok: true, jobs: [{ type: 'cron' }] });
    expect(await made.validate('soon')).toMatchObject({ ok: false });
  });

  test('cleanups', async () => {
    const directory = await stateDir();
    const made = await scheduler({ settings: { ...settings, housekeeper: { allowed_roots: [directory] } } });
    const { registration_id } = await made.cleanups.register({
      directory,
      retention_days: 1,
      module_id: 'logs',
    });
    await made.cleanups.update(registration_id, { max_files: 3 });
    expect(await made.cleanups.list({ module: 'logs' })).toMatchObject([{ max_files: 3, retention_days: 1 }]);
    expect(await made.cleanups.run({ id: registration_id, dryRun: true })).toMatchObject({
      total_files_deleted: 0,
      dry_run: true,
    });
    expect(await made.cleanups.remove(registration_id)).toEqual({ removed: registration_id });
    await expect(made.cleanups.get(registration_id)).rejects.toMatchObject({ code: 'CONFIG_NOT_FOUND' });
  });
});

describe('as a guest', () => {
  test('installs no handlers of signals or errors', async () => {
    const names = [
      'SIGINT',
      'SIGTERM',
      'SIGHUP',
      'exit',
      'beforeExit',
      'uncaughtException',
      'unhandledRejection',
    ];
    const counts = () => names.map((name) => process.listenerCount(name));
    const before = counts();
    const made = await scheduler();
    await made.start();
    await made.runs.wait((await made.jobs.run('hello')).run_id);
    expect(counts()).toEqual(before);
    await made.stop();
    expect(counts()).toEqual(before);
  });

  test('gives its lines to the logger, secrets masked', async () => {
    const lines: [string, string, object][] = [];
    const line =
      (level: string) =>
      (message: string, fields: object = {}) =>
        void lines.push([level, message, fields]);
    const logger = { debug: line('debug'), info: line('info'), warn: line('warn'), error: line('error') };
    const secret = 'a-very-secret-word';
    const made = await scheduler({ logger, settings: { ...settings, mail: { password: secret } } });
    made.registerHandler('hello', ({ log, config }) =>
      log.info(`uses ${(config.mail as { password: string }).password}`),
    );
    await made.start();
    await made.runs.wait((await made.jobs.run('hello')).run_id);
    await made.stop();
    expect(lines).toContainEqual(['info', 'uses [redacted]', expect.objectContaining({ job_name: 'hello' })]);
    expect(lines.map(([, message]) => message)).toContainEqual(
      expect.stringMatching(/^hello succeeded in [\d.]+ s$/),
    );
    expect(JSON.stringify(lines)).not.toContain(secret);
  });

  test('ends at the abort of its signal, and then does not start', async () => {
    const stop = new AbortController();
    const made = await scheduler({ signal: stop.signal });
    await made.start();
    stop.abort();
    await made.stop();
    expect(made.isStarted).toBe(false);
    await expect(made.start()).rejects.toMatchObject({ code: 'NOT_INITIALIZED' });
  });

  test('one at a time on a state directory; the second is told', async () => {
    const dir = await stateDir();
    const first = await scheduler({ stateDir: dir });
    const second = await scheduler({ stateDir: dir });
    await first.start();
    await expect(second.start()).rejects.toMatchObject({ code: 'CONFLICT' });
    await expect(first.start()).rejects.toMatchObject({ code: 'CONFLICT' });
    expect(second.isStarted).toBe(false);
    // The other one still looks and asks.
    const run = await second.jobs.run('hello');
    expect(await second.runs.wait(run.run_id)).toMatchObject({ state: 'succeeded' });
  });
});

describe('what is refused has a code and a fix', () => {
  test.each<[string, (made: SchedulerService) => unknown, string]>([
    ['an unknown job', (made) => made.jobs.get('helo'), 'JOB_NOT_FOUND'],
    ['an unknown run', (made) => made.runs.get('x'), 'RUN_NOT_FOUND'],
    ['an unknown handler', (made) => made.runs.start('helo'), 'HANDLER_NOT_FOUND'],
    ['a pause that is past', (made) => made.pauses.pause({ until: new Date(0) }), 'INVALID_PARAMETERS'],
    ['a duration that is none', (made) => made.pauses.pause({ for: 'soon' }), 'INVALID_PARAMETERS'],
    ['a job of the settings', (made) => made.jobs.delete('hello'), 'CONFLICT'],
    [
      'an event that there is not',
      async (made) => made.on('run:done' as never, () => {}),
      'INVALID_PARAMETERS',
    ],
    ['a name that is none', async (made) => made.registerHandler('a b', () => {}), 'INVALID_PARAMETERS'],
    ['code that is none', async (made) => made.registerHandler('x', 7 as never), 'INVALID_PARAMETERS'],
  ])('%s', async (_, ask, code) => {
    const made = await scheduler();
    const error = await Promise.resolve(ask(made)).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(SchedulerError);
    expect(error).toMatchObject({ code, fix: expect.any(String) });
  });

  test('settings that do not hold, with the place', async () => {
    const made = await scheduler({ settings: { scheduler: { timezone: 'Mars/Olympus' } } });
    await expect(made.start()).rejects.toMatchObject({
      code: 'VALIDATION_ERROR',
      message: expect.stringContaining('given settings:3'),
    });
    const missing = await scheduler({ settings: 'nowhere.yaml' });
    await expect(missing.jobs.list()).rejects.toMatchObject({ code: 'CONFIG_NOT_FOUND' });
  });
});

test('events are typed by their name', async () => {
  const made = await scheduler();
  made.on('run:failed', (event) => expectTypeOf(event.run.state).toBeString());
  made.on('job:paused', (event) => expectTypeOf(event.until).toEqualTypeOf<string | null>());
  // @ts-expect-error a pause has no run
  made.on('job:paused', ({ run }) => run);
});
