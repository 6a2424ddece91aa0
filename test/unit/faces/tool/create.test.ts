// The tool of a program: its own service, started by the first operation that needs it.

import { rm } from 'node:fs/promises';
import { expect, onTestFinished, test } from 'vitest';
import { createSchedulerTool } from '#faces/tool/create';
import { SchedulerService } from '../../../../src/index.ts';
import { fastFolder } from '../../../support/fast-folder.ts';

test('schedules, runs and answers; what never started is started, once', async () => {
  const stateDir = await fastFolder('tool-');
  const service = new SchedulerService({ stateDir, logger: null });
  onTestFinished(async () => {
    await service.stop();
    await rm(stateDir, { recursive: true });
  });
  service.registerHandler('echo', (ctx) => ({ said: ctx.input.text }));
  const tool = createSchedulerTool(service);
  expect(await tool.run({ operation: 'status' })).toMatchObject({
    success: true,
    data: { running: false, scheduler_state: 0 },
  });
  const now = { operation: 'run_now', agentool_name: 'echo', input_data: { text: 'hi' } };
  expect((await Promise.all([tool.run(now), tool.run(now)])).map(({ data }) => data?.result)).toEqual([
    { said: 'hi' },
    { said: 'hi' },
  ]);
  expect((await tool.run({ operation: 'status' })).data).toMatchObject({ running: true, scheduler_state: 1 });
  expect(await tool.run({ operation: 'schedule', agentol_name: 'echo' })).toMatchObject({
    success: false,
    error_type: 'ValueError',
  });
});
