// The public package: what job code and library users import as `aclarai-scheduler`.

export { z } from 'zod';
export { formatDuration, parseDuration, parseDurationMs } from './core/duration.ts';
export { SchedulerError } from './core/errors.ts';
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
