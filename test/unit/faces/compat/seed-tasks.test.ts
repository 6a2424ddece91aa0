// The examples of the task scheduler's document, translated: they work as they are written.

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { type TaskEvent, TaskScheduler } from 'aclarai-scheduler/tasks';
import { describe, expect, onTestFinished, test } from 'vitest';

async function started() {
  const dir = await mkdtemp(path.join(tmpdir(), 'tasks-'));
  onTestFinished(() => rm(dir, { recursive: true, force: true }));
  const calls: object[] = [];
  const answer = ({ input }: { input: object }) => {
    calls.push(input);
    return { backed_up: 3 };
  };
  const fails = () => {
    throw new Error('no space left');
  };
  const names = ['backup:run', 'backup:database', 'system:health', 'migrate:run'];
  const tasks = new TaskScheduler({
    settings: { scheduler: { timezone: 'UTC' } },
    stateDir: dir,
    logger: null,
    commands: { ...Object.fromEntries(names.map((name) => [name, answer])), fails },
  });
  onTestFinished(() => tasks.service.stop());
  await tasks.service.start();
  return { tasks, calls };
}

const fault = (promise: Promise<unknown>) =>
  promise.then(
    () => null,
    (error: unknown) => error as { code: string; fix: string; details?: { field: string }[] },
  );

describe('API usage', () => {
  test('create, run now, statistics', async () => {
    const { tasks, calls } = await started();
    const task = await tasks.createTask({
      name: 'backup-database',
      command: 'backup:run',
      schedule: '0 2 * * *',
      data: { type: 'full' },
      retries: 3,
    });
    expect(task).toMatchObject({
      ...{ name: 'backup-database', command: 'backup:run', schedule: '0 2 * * *', type: 'cron' },
      ...{ data: { type: 'full' }, retries: 3, retryDelay: 5000, timeout: 3_600_000, enabled: true },
      ...{ status: 'active', last_run: null, run_count: 0, success_count: 0, failure_count: 0 },
      next_run: expect.stringContaining('T02:00:00'),
    });
    const result = await tasks.runTaskNow(task.id);
    expect(result).toEqual({ success: true, output: { backed_up: 3 }, duration: expect.any(Number) });
    expect(calls).toEqual([{ type: 'full' }]);
    expect(await tasks.getTaskStats()).toMatchObject({
      ...{ total: 2, active: 2, paused: 0, successRate: 1 },
      executions: { today: 1, week: 1, month: 1 },
    });
  });
});

describe('task types and schedule formats', () => {
  test.each([
    ['0 * * * *', 'cron'],
    ...['@yearly', '@annually', '@monthly', '@weekly', '@daily', '@midnight', '@hourly'].map((text) => [
      text,
      'cron',
    ]),
    ...['30s', '5m', '2h', '1d'].map((text) => [text, 'interval']),
    ['2099-01-01T00:00:00Z', 'once'],
    ['now', 'once'],
    ['manual', 'manual'],
  ])('%s is %s', async (schedule, type) => {
    const { tasks } = await started();
    expect(await tasks.createTask({ name: 'x', command: 'backup:run', schedule })).toMatchObject({ type });
    expect(await tasks.validateSchedule(schedule)).toMatchObject({ valid: true, type });
  });

  test('validate before creating: what is wrong, and the next five', async () => {
    const { tasks } = await started();
    expect((await tasks.validateSchedule('@daily')).next).toHaveLength(5);
    expect(await tasks.validateSchedule('often')).toEqual({
      ...{ valid: false, type: null, next: [] },
      error: expect.stringContaining('often'),
    });
  });
});

describe('examples', () => {
  test('daily backup, health check every 5 minutes, one-time migration', async () => {
    const { tasks, calls } = await started();
    const { promise: migrated, resolve } = Promise.withResolvers<void>();
    tasks.on('task-event', ({ type }) => type === 'completed' && resolve());
    const backup = {
      name: 'daily-backup',
      command: 'backup:database',
      schedule: '0 2 * * *',
      data: { type: 'incremental' },
    };
    await tasks.createTask(backup);
    await tasks.createTask({ name: 'health-check', command: 'system:health', schedule: '5m' });
    const { id } = await tasks.createTask({
      name: 'migrate-data',
      command: 'migrate:run',
      schedule: 'now',
      once: true,
    });
    await migrated;
    expect(calls).toEqual([{}]);
    expect(await tasks.getTask(id)).toMatchObject({ status: 'completed', run_count: 1, success_count: 1 });
    expect((await tasks.listTasks({ status: 'active' })).map(({ name }) => name)).toEqual(
      expect.arrayContaining(['daily-backup', 'health-check']),
    );
    expect(await tasks.listTasks({ status: 'completed' })).toMatchObject([{ name: 'migrate-data' }]);
    expect(await tasks.getNextRuns({ taskId: 'health-check', count: 2 })).toMatchObject([
      { task_name: 'health-check', next_run: expect.any(String) },
      { task_name: 'health-check' },
    ]);
  });
});

describe('task management', () => {
  test('update, pause, resume, delete, all at once', async () => {
    const { tasks } = await started();
    const { id } = await tasks.createTask({
      name: 'x',
      command: 'backup:run',
      schedule: '5m',
      retryDelay: 2000,
    });
    expect(await tasks.updateTask(id, { name: 'y', schedule: '@hourly', timeout: 60_000 })).toMatchObject({
      ...{ name: 'y', schedule: '@hourly', type: 'cron', timeout: 60_000, retryDelay: 2000 },
    });
    expect(await tasks.pauseTask('y')).toMatchObject({ status: 'paused', next_run: null });
    expect(await tasks.listTasks({ status: 'paused' })).toMatchObject([{ id }]);
    expect(await tasks.resumeTask(id)).toMatchObject({ status: 'active' });
    await tasks.pauseAll();
    expect(await tasks.service.pauses.list()).toMatchObject([{ job: null }]);
    await tasks.resumeAll();
    expect(await tasks.deleteTask(id)).toEqual({ deleted: id });
    expect(await fault(tasks.getTask(id))).toMatchObject({ code: 'TASK_NOT_FOUND' });
  });

  test('history: newest first, by task, by status, with the error of a failed one', async () => {
    const { tasks } = await started();
    const good = await tasks.createTask({ name: 'good', command: 'backup:run', schedule: 'manual' });
    const bad = await tasks.createTask({ name: 'bad', command: 'fails', schedule: 'manual' });
    await tasks.runTaskNow(good.id);
    expect(await tasks.runTaskNow(bad.id)).toMatchObject({ success: false, error: 'no space left' });
    expect(await tasks.listExecutions()).toMatchObject([
      { task_id: bad.id, status: 'failed', error: 'no space left', result: null, retry_count: 0 },
      { task_id: good.id, status: 'completed', error: null, result: { backed_up: 3 } },
    ]);
    expect(await tasks.listExecutions({ status: 'completed' })).toHaveLength(1);
    expect(await tasks.listExecutions({ taskId: 'bad', limit: 5 })).toHaveLength(1);
    expect(await fault(tasks.listExecutions({ status: 'finished' }))).toMatchObject({
      details: [{ field: 'status' }],
    });
  });
});

describe('events', () => {
  test('of tasks and of their executions', async () => {
    const { tasks } = await started();
    const told: string[] = [];
    tasks.on('task-created', ({ task }) => told.push(`created ${task.name}`));
    tasks.on('task-updated', ({ task }) => told.push(`updated ${task.name}`));
    for (const name of ['task-deleted', 'task-paused', 'task-resumed'] as const)
      tasks.on(name, ({ taskId }) => told.push(`${name} ${taskId.length > 0}`));
    const { id } = await tasks.createTask({ name: 'x', command: 'backup:run', schedule: 'manual' });
    await tasks.updateTask(id, { description: 'new', retries: 1 });
    await tasks.pauseTask(id);
    await tasks.resumeTask(id);
    const deleted = new Promise((resolve) => tasks.once('task-deleted', resolve));
    await tasks.deleteTask(id);
    await deleted;
    // What is gone by the time it is told of is told without its task.
    expect(told.filter((each) => !each.startsWith('updated') && !each.startsWith('created'))).toEqual([
      ...['task-paused true', 'task-resumed true', 'task-deleted true'],
    ]);
  });

  test('executed and started, completed, retrying, failed, each with its data', async () => {
    const { tasks } = await started();
    const told: TaskEvent[] = [];
    tasks.on('task-event', (event) => told.push(event));
    const { promise: failed, resolve } = Promise.withResolvers<void>();
    tasks.on('task-event', ({ type }) => type === 'failed' && resolve());
    const good = await tasks.createTask({ name: 'good', command: 'backup:run', schedule: 'manual' });
    await tasks.runTaskNow(good.id);
    await tasks.createTask({ name: 'bad', command: 'fails', schedule: 'now', retries: 1, retryDelay: 1000 });
    await failed;
    expect(told.map(({ type }) => type)).toEqual([
      ...['executed', 'started', 'completed'],
      ...['executed', 'started', 'retrying', 'executed', 'started', 'failed'],
    ]);
    expect(told[2]).toMatchObject({
      task_id: good.id,
      data: { backed_up: 3 },
      timestamp: expect.any(String),
    });
    expect(told.at(-1)).toMatchObject({ data: { error: 'no space left' }, execution_id: expect.any(String) });
  });

  test('a listener that throws harms nothing', async () => {
    const { tasks } = await started();
    tasks.on('task-event', () => {
      throw new Error('broken');
    });
    const { id } = await tasks.createTask({ name: 'x', command: 'backup:run', schedule: 'manual' });
    expect(await tasks.runTaskNow(id)).toMatchObject({ success: true });
    expect(await tasks.runTaskNow(id)).toMatchObject({ success: true });
  });
});

describe('what is refused, by code and field', () => {
  const good = { name: 'x', command: 'backup:run', schedule: '5m' };
  test.each<[object, string, string[]]>([
    [{}, 'INVALID_PARAMETERS', ['name', 'command', 'schedule']],
    [{ ...good, schedule: 'often' }, 'INVALID_SCHEDULE', ['schedule']],
    [{ ...good, command: 'backup:rum' }, 'HANDLER_NOT_FOUND', []],
    [{ ...good, type: 'cron' }, 'INVALID_PARAMETERS', ['type']],
    [{ ...good, retryDelay: '5s' }, 'INVALID_PARAMETERS', ['retryDelay']],
    [{ ...good, retryDelay: 1 }, 'INVALID_PARAMETERS', ['retryDelay']],
    [{ ...good, retires: 1 }, 'INVALID_PARAMETERS', ['retires']],
    [{ ...good, schedule: '2020-01-01T00:00:00Z' }, 'PAST_EVENT', []],
  ])('%j', async (task, code, fields) => {
    const { tasks } = await started();
    const error = await fault(tasks.createTask(task as typeof good));
    expect(error).toMatchObject({ code });
    expect((error?.details ?? []).map(({ field }) => field)).toEqual(fields);
  });

  test.each(['getTask', 'pauseTask', 'resumeTask', 'runTaskNow', 'deleteTask'] as const)(
    '%s of no task',
    async (name) => {
      const { tasks } = await started();
      expect(await fault(tasks[name]('nothing'))).toMatchObject({ code: 'TASK_NOT_FOUND' });
      expect(await fault(tasks.updateTask('nothing', {}))).toMatchObject({ code: 'TASK_NOT_FOUND' });
    },
  );
});
