// The public package: what job code and library users import as `aclarai-scheduler`.

import type { SchedulerOptions } from './faces/library/api.ts';
import { LibraryFace } from './faces/library/face.ts';

export { z } from 'zod';
export { formatDuration, parseDuration, parseDurationMs } from './core/duration.ts';
export { SchedulerError } from './core/errors.ts';
export type {
  FunctionContext,
  FunctionModule,
  FunctionParameter,
  SchedulerServiceProxy,
} from './core/function-module.ts';
export type {
  AppConfig,
  JobContext,
  JobDefinition,
  JobLog,
  Json,
  JsonObject,
  LastSuccess,
  Neo4jConfig,
  RunResult,
  VaultConfig,
} from './core/handler.ts';
export { defineJob } from './core/handler.ts';
export type * from './faces/library/api.ts';
export type { DurationFields } from './faces/library/input.ts';

/** The scheduler inside of a program; see `LibraryFace`. What runs it is loaded when it is first asked. */
export class SchedulerService extends LibraryFace {
  constructor(options: SchedulerOptions = {}) {
    super(options, async (...given) => (await import('./library.ts')).openLibrary(...given));
  }
}
