// The package's `./testing`: job code called as the service would call it, and schedules lived through, without waiting.

export type { JsonObject } from './core/handler.ts';
export type { LogLine } from './testing/kept-log.ts';
export { type JobRun, type RunJobOptions, runJob } from './testing/run-job.ts';
export {
  createTestScheduler,
  type TestScheduler,
  type TestSchedulerOptions,
} from './testing/scheduler.ts';
