// The examples of the event scheduler's usage guide and analysis, translated: they work as they are written.

import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import {
  type EventFields,
  EventScheduler,
  type EventSchedulerOptions,
  type Result,
} from 'aclarai-scheduler/events';
import { describe, expect, onTestFinished, test } from 'vitest';

async function directory(): Promise<string> {
  const dir = await mkdtemp(path.join(tmpdir(), 'events-'));
  onTestFinished(() => rm(dir, { recursive: true, force: true }));
  return dir;
}

const FUNCTIONS = [
  ...['backup_database', 'cleanup_logs', 'refresh_cache', 'generate_reports', 'cleanup_temporary_files'],
  ...['generate_weekly_report', 'optimize_database', 'send_reminder', 'your_module.maintenance'],
];

async function scheduler(options: EventSchedulerOptions = {}) {
  const calls: { name: string; parameters: object }[] = [];
  const functions = Object.fromEntries(
    FUNCTIONS.map((name) => [
      name,
      ({ input }: { input: object }) => {
        calls.push({ name, parameters: input });
        return { success: true, message: 'done', details: { items_processed: 42 } };
      },
    ]),
  );
  const roots = await directory();
  const made = new EventScheduler({
    settings: { scheduler: { timezone: 'Europe/Berlin' }, housekeeper: { allowed_roots: [roots] } },
    stateDir: path.join(await directory(), 'state'),
    logger: null,
    functions,
    ...options,
  });
  onTestFinished(() => made.shutdown().then(() => {}));
  return { scheduler_service: made, calls, roots };
}

async function initialized(options: EventSchedulerOptions = {}) {
  const made = await scheduler(options);
  expect(dataOf(await made.scheduler_service.initialize())).toEqual({ initialized: true });
  return made;
}

function dataOf<T>(result: Result<T>): T {
  if (!result.success) throw new Error(`${result.error.code}: ${result.error.message}`);
  return result.data;
}

const errorOf = (result: Result<unknown>) => (result.success ? null : result.error);
const HOUR = 3_600_000;
const inHours = (hours: number) => new Date(Date.now() + hours * HOUR);
/** Tomorrow at the hour, of the machine's zone. */
function tomorrowAt(hour: number): Date {
  const date = new Date();
  date.setDate(date.getDate() + 1);
  date.setHours(hour, 0, 0, 0);
  return date;
}

describe('usage guide: getting started', () => {
  test('two phases: before initialize everything says so', async () => {
    const { scheduler_service } = await scheduler();
    expect(scheduler_service.initialized).toBe(false);
    expect(errorOf(await scheduler_service.getEvents())).toMatchObject({ code: 'NOT_INITIALIZED' });
    expect(errorOf(await scheduler_service.housekeeper.removeCleanupConfig('x'))).toMatchObject({
      code: 'NOT_INITIALIZED',
    });
    await scheduler_service.initialize();
    expect(scheduler_service.initialized).toBe(true);
    await scheduler_service.shutdown();
    expect(scheduler_service.initialized).toBe(false);
  });
});

describe('usage guide: scheduling tasks', () => {
  test('a one-time task, tomorrow at 3', async () => {
    const { scheduler_service } = await initialized();
    const { event_id } = dataOf(
      await scheduler_service.scheduleEvent({
        name: 'Database Backup',
        description: 'Daily backup of the application database',
        function_name: 'backup_database',
        next_execution: tomorrowAt(3),
        recurring: false,
        module_id: 'your.module.id',
        parameters: { compress: true, include_attachments: true },
      }),
    );
    expect(event_id).toMatch(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/);
    const event = dataOf(await scheduler_service.getEvent(event_id));
    expect(event).toMatchObject({
      ...{ id: event_id, name: 'Database Backup', module_id: 'your.module.id', status: 'pending' },
      ...{ recurring: false, interval_type: null, execution_count: 0, last_execution: null },
      parameters: { compress: true, include_attachments: true },
    });
    expect(Date.parse(event.next_execution!)).toBe(tomorrowAt(3).getTime());
  });

  test.each([
    ['daily', tomorrowAt(1), 'days', { retention_days: 7 }, 24],
    ['hourly', inHours(1), 'hours', {}, 1],
  ] as const)(
    'a recurring task, %s: its next_execution is its first slot',
    async (_, first, interval_type, parameters, hours) => {
      const { scheduler_service } = await initialized();
      const { event_id } = dataOf(
        await scheduler_service.scheduleEvent({
          name: 'Daily Log Cleanup',
          function_name: 'cleanup_logs',
          next_execution: first,
          recurring: true,
          interval_type,
          interval_value: 1,
          module_id: 'your.module.id',
          parameters,
        }),
      );
      const event = dataOf(await scheduler_service.getEvent(event_id));
      expect(event).toMatchObject({ recurring: true, interval_type, interval_value: 1, status: 'pending' });
      // A grid counts in whole seconds.
      const second = Math.floor(first.getTime() / 1000) * 1000;
      const slots = await scheduler_service.service.next({ job: event_id, count: 2 });
      expect(slots.map(({ slot }) => Date.parse(slot))).toEqual([second, second + hours * HOUR]);
    },
  );

  test.each(['minutes', 'hours', 'days', 'weeks', 'months'] as const)(
    'interval type %s',
    async (interval_type) => {
      const { scheduler_service } = await initialized();
      const event = {
        name: 'x',
        function_name: 'cleanup_logs',
        recurring: true,
        interval_type,
        interval_value: 2,
      };
      const { event_id } = dataOf(await scheduler_service.scheduleEvent(event));
      expect(dataOf(await scheduler_service.getEvent({ event_id }))).toMatchObject({
        interval_type,
        interval_value: 2,
      });
    },
  );

  test('cron: lifted out of the parameters, shown there again', async () => {
    const { scheduler_service, calls } = await initialized();
    const parameters = { _cron_expression: '0 3 * * MON', other_param: 'value' };
    const { event_id } = dataOf(
      await scheduler_service.scheduleEvent({
        name: 'Weekly Report Generation',
        description: 'Generate weekly reports',
        function_name: 'generate_reports',
        next_execution: inHours(24),
        recurring: true,
        interval_type: 'cron',
        interval_value: 1,
        module_id: 'your.module.id',
        parameters,
      }),
    );
    const event = dataOf(await scheduler_service.getEvent(event_id));
    expect(event).toMatchObject({ interval_type: 'cron', interval_value: 1, parameters });
    expect(new Date(event.next_execution!).getTime()).toBeGreaterThanOrEqual(inHours(23).getTime());
    await scheduler_service.executeEventNow(event_id);
    expect(calls).toEqual([{ name: 'generate_reports', parameters: { other_param: 'value' } }]);
  });
});

describe('usage guide: managing tasks', () => {
  const daily = {
    function_name: 'cleanup_logs',
    recurring: true,
    interval_type: 'days',
    interval_value: 1,
  } as const;

  test('listing, by module, status, recurring and all of them', async () => {
    const { scheduler_service } = await initialized();
    const mine = { module_id: 'your.module.id' };
    await scheduler_service.scheduleEvent({ name: 'b', ...daily, ...mine, next_execution: inHours(3) });
    await scheduler_service.scheduleEvent({
      name: 'a',
      function_name: 'send_reminder',
      ...mine,
      next_execution: inHours(2),
    });
    const paused = dataOf(await scheduler_service.scheduleEvent({ name: 'c', ...daily, ...mine }));
    await scheduler_service.pauseEvent(paused.event_id);
    const names = async (...args: Parameters<typeof scheduler_service.getEvents>) =>
      dataOf(await scheduler_service.getEvents(...args)).map(({ name }) => name);
    expect(await names(mine, 50)).toEqual(['a', 'b', 'c']);
    expect(await names({ status: 'pending', ...mine }, 10)).toEqual(['a', 'b']);
    expect(await names({ recurring: true, ...mine }, 20)).toEqual(['b', 'c']);
    expect(await names({ module_id: 'your.module.id', status: 'pending', recurring: true }, 10)).toEqual([
      'b',
    ]);
    expect(await names({ function_name: 'send_reminder' })).toEqual(['a']);
    expect(await names({ status: 'paused', ...mine })).toEqual(['c']);
    expect(await scheduler_service.getEvents(mine, 1)).toMatchObject({ total_count: 4, filtered_count: 3 });
    expect(errorOf(await scheduler_service.getEvents({ status: 'waiting' }))).toMatchObject({
      code: 'INVALID_PARAMETERS',
      details: [{ field: 'status' }],
    });
    expect(errorOf(await scheduler_service.getEvents({ modul_id: 'x' } as never))).toMatchObject({
      details: [{ field: 'modul_id', message: expect.stringContaining('module_id') }],
    });
    expect(errorOf(await scheduler_service.getEvents({}, 501))).toMatchObject({
      details: [{ field: 'limit' }],
    });
  });

  test('details of one, and of one that is not there', async () => {
    const { scheduler_service } = await initialized();
    expect(errorOf(await scheduler_service.getEvent('nothing'))).toMatchObject({ code: 'EVENT_NOT_FOUND' });
  });

  test('pause, resume, execute at once, cancel for good', async () => {
    const { scheduler_service, calls } = await initialized();
    const { event_id } = dataOf(
      await scheduler_service.scheduleEvent({ name: 'x', ...daily, parameters: { n: 1 } }),
    );
    expect(dataOf(await scheduler_service.pauseEvent(event_id))).toEqual({ paused: true });
    expect(errorOf(await scheduler_service.pauseEvent(event_id))).toMatchObject({ code: 'ALREADY_PAUSED' });
    expect(dataOf(await scheduler_service.resumeEvent(event_id))).toEqual({ resumed: true });
    expect(errorOf(await scheduler_service.resumeEvent(event_id))).toMatchObject({ code: 'NOT_PAUSED' });
    const before = dataOf(await scheduler_service.getEvent(event_id)).next_execution;
    expect(dataOf(await scheduler_service.executeEventNow(event_id))).toMatchObject({
      ...{ event_id, success: true },
      result: { message: 'done', details: { items_processed: 42 } },
    });
    expect(calls).toEqual([{ name: 'cleanup_logs', parameters: { n: 1 } }]);
    expect(dataOf(await scheduler_service.getEvent(event_id))).toMatchObject({
      next_execution: before,
      execution_count: 1,
    });
    expect(dataOf(await scheduler_service.deleteEvent(event_id))).toEqual({ deleted: true });
    expect(errorOf(await scheduler_service.deleteEvent(event_id))).toMatchObject({ code: 'EVENT_NOT_FOUND' });
  });

  test('updating parameters replaces them whole; a cron that is not named stays', async () => {
    const { scheduler_service } = await initialized();
    const cron = {
      ...daily,
      interval_type: 'cron',
      parameters: { _cron_expression: '0 3 * * *', a: 1 },
    } as const;
    const { event_id } = dataOf(await scheduler_service.scheduleEvent({ name: 'x', ...cron }));
    const updates = { parameters: { compression_level: 'high', include_archives: true } };
    expect(dataOf(await scheduler_service.updateEvent(event_id, updates))).toEqual({ updated: true });
    const event = async () => dataOf(await scheduler_service.getEvent(event_id));
    expect((await event()).parameters).toEqual({ _cron_expression: '0 3 * * *', ...updates.parameters });
    await scheduler_service.updateEvent(event_id, { parameters: { _cron_expression: '0 4 * * *' } });
    expect((await event()).parameters).toEqual({ _cron_expression: '0 4 * * *' });
    await scheduler_service.updateEvent(event_id, { interval_type: 'hours', interval_value: 6 });
    expect(await event()).toMatchObject({ interval_type: 'hours', interval_value: 6, parameters: {} });
    await scheduler_service.updateEvent(event_id, { recurring: false, next_execution: inHours(5) });
    expect(await event()).toMatchObject({ recurring: false, interval_type: null });
  });

  test.each([
    [{ module_id: 'other' }, 'module_id'],
    [{ created_at: 'now' }, 'created_at'],
    [{ id: 'x' }, 'id'],
    [{ interval_value: 0 }, 'interval_value'],
    [{ name: '' }, 'name'],
    [{ retries: 99 }, 'retries'],
  ])('what cannot be updated is named: %j', async (updates, field) => {
    const { scheduler_service } = await initialized();
    const { event_id } = dataOf(await scheduler_service.scheduleEvent({ name: 'x', ...daily }));
    expect(errorOf(await scheduler_service.updateEvent(event_id, updates as EventFields))).toMatchObject({
      code: 'INVALID_PARAMETERS',
      details: [{ field }],
    });
  });
});

describe('usage guide: the housekeeper', () => {
  test('register, list, update, run dry and for real, remove', async () => {
    const { scheduler_service, roots } = await initialized();
    for (const n of [1, 2, 3]) await writeFile(path.join(roots, `${n}.log`), 'x');
    const { registration_id } = dataOf(
      await scheduler_service.registerCleanup({
        directory: roots,
        pattern: '*.log',
        retention_days: 30,
        max_files: 1,
        max_size_mb: 500,
        min_keep: 0,
        description: 'Application logs',
        module_id: 'your.module.id',
      }),
    );
    expect(dataOf(await scheduler_service.getCleanupConfigs('your.module.id'))).toMatchObject([
      { id: registration_id, pattern: '*.log', priority: 100, retention_days: 30 },
    ]);
    const update = { retention_days: 60, max_files: 2 };
    expect(dataOf(await scheduler_service.housekeeper.updateCleanupConfig(registration_id, update))).toEqual({
      updated: true,
    });
    const dry = dataOf(await scheduler_service.runCleanup({ registration_id, dry_run: true }));
    expect(dry).toMatchObject({ dry_run: true });
    expect(await readdir(roots)).toHaveLength(3);
    expect(dataOf(await scheduler_service.runCleanup({ registration_id }))).toMatchObject({
      total_files_deleted: 1,
    });
    expect(dataOf(await scheduler_service.runCleanup())).toMatchObject({ total_files_deleted: 0 });
    expect(dataOf(await scheduler_service.housekeeper.removeCleanupConfig(registration_id))).toEqual({
      removed: true,
    });
    expect(errorOf(await scheduler_service.runCleanup({ registration_id }))).toMatchObject({
      code: 'CONFIG_NOT_FOUND',
    });
  });
});

describe('usage guide and analysis: integration', () => {
  test('a module sets itself up, and its function runs at its time', async () => {
    const { scheduler_service, calls } = await initialized();
    const result = await scheduler_service.scheduleEvent({
      name: 'Module Maintenance',
      function_name: 'your_module.maintenance',
      next_execution: new Date(Date.now() + 300),
      module_id: 'your.module.id',
      parameters: { full_maintenance: true },
    });
    expect(result.success).toBe(true);
    const { event_id } = dataOf(result);
    const { promise: ran, resolve } = Promise.withResolvers<void>();
    scheduler_service.service.on('run:succeeded', ({ job }) => job === event_id && resolve());
    await ran;
    expect(calls).toEqual([{ name: 'your_module.maintenance', parameters: { full_maintenance: true } }]);
    expect(dataOf(await scheduler_service.getEvent(event_id))).toMatchObject({
      status: 'completed',
      execution_count: 1,
    });
  });

  test.each([
    [
      'Weekly optimization',
      'optimize_database',
      { recurring: true, interval_type: 'weeks', interval_value: 1 },
    ],
    [
      'Weekly report',
      'generate_weekly_report',
      { recurring: true, interval_type: 'cron', parameters: { _cron_expression: '0 9 * * 1' } },
    ],
    [
      'User reminder',
      'send_reminder',
      { parameters: { user_id: 7, message: 'Your subscription expires soon' } },
    ],
  ] as const)('%s', async (name, function_name, more) => {
    const { scheduler_service } = await initialized();
    const event = { name, function_name, next_execution: inHours(30), module_id: 'core.reports', ...more };
    expect((await scheduler_service.scheduleEvent(event)).success).toBe(true);
  });

  test('a function that fails: the event says so, a one-time one is failed, a recurring one stays pending', async () => {
    const fails = () => ({ success: false, error: 'disk full' });
    const { scheduler_service } = await initialized({ functions: { fails } });
    const once = dataOf(
      await scheduler_service.scheduleEvent({
        name: 'o',
        function_name: 'fails',
        next_execution: new Date(),
        retries: 0,
      }),
    );
    const { promise: failed, resolve } = Promise.withResolvers<void>();
    scheduler_service.service.on('run:failed', () => resolve());
    await failed;
    expect(dataOf(await scheduler_service.getEvent(once.event_id))).toMatchObject({
      status: 'failed',
      last_error: 'disk full',
    });
    const { event_id } = dataOf(
      await scheduler_service.scheduleEvent({
        name: 'r',
        function_name: 'fails',
        recurring: true,
        interval_type: 'days',
        interval_value: 1,
      }),
    );
    expect(dataOf(await scheduler_service.executeEventNow(event_id))).toMatchObject({ success: false });
    expect(dataOf(await scheduler_service.getEvent(event_id))).toMatchObject({
      status: 'pending',
      last_error: 'disk full',
    });
  });
});

describe('usage guide: troubleshooting', () => {
  const good = { name: 'x', function_name: 'cleanup_logs', next_execution: inHours(1) };
  test.each<[string, object, string, string[]]>([
    ['required parameters', {}, 'INVALID_PARAMETERS', ['name', 'function_name', 'next_execution']],
    ['a function that is not there', { ...good, function_name: 'cleanup_log' }, 'HANDLER_NOT_FOUND', []],
    ['a time that is none', { ...good, next_execution: 'soon' }, 'INVALID_SCHEDULE', ['next_execution']],
    ['a time that is past', { ...good, next_execution: new Date(0) }, 'PAST_SCHEDULING_NOT_ALLOWED', []],
    [
      'a recurring one without its interval',
      { ...good, recurring: true },
      'INVALID_PARAMETERS',
      ['interval_type', 'interval_value'],
    ],
    [
      'an interval type that there is not',
      { ...good, recurring: true, interval_type: 'years', interval_value: 1 },
      'INVALID_PARAMETERS',
      ['interval_type'],
    ],
    [
      'a cron without its text',
      { ...good, recurring: true, interval_type: 'cron' },
      'MISSING_CRON_EXPRESSION',
      ['parameters._cron_expression'],
    ],
    ['a field that is not known', { ...good, parametres: {} }, 'INVALID_PARAMETERS', ['parametres']],
    ['a name that is too long', { ...good, name: 'x'.repeat(101) }, 'INVALID_PARAMETERS', ['name']],
    ['parameters that are no object', { ...good, parameters: [] }, 'INVALID_PARAMETERS', ['parameters']],
  ])('%s', async (_, event, code, fields) => {
    const { scheduler_service } = await initialized();
    const error = errorOf(await scheduler_service.scheduleEvent(event as never));
    expect(error).toMatchObject({ code });
    expect(error?.details.map(({ field }) => field)).toEqual(fields);
  });
});
