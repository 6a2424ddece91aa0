// What a job file exports, read as a handler: `defineJob`, the class of the setup guide, or a function module. Pure.

import path from 'node:path';
import type { ZodType } from 'zod';
import { SchedulerError } from '#core/errors';
import { isFunctionModule } from '#core/function-module';
import {
  type AppConfig,
  type Handler,
  type HandlerInfo,
  isDefinedJob,
  isHandlerName,
  type JobContext,
  type JsonObject,
} from '#core/handler';
import { jobOfFunction } from './function-module.ts';

type Method = (ctx: JobContext) => unknown;
type JobClass = {
  new (config: AppConfig): Record<string, unknown>;
  handler?: unknown;
  description?: unknown;
  defaults?: unknown;
  input?: unknown;
};
/** Either works without `ctx`. */
const METHODS = ['runJob', 'runSync'] as const;

/** `my-job.ts` and `my-job/index.ts` are both `my_job`; `MyCustomJob.ts` is `my_custom_job`. */
export function handlerNameOf(file: string): string {
  const parsed = path.parse(file);
  const base = parsed.name === 'index' ? path.basename(parsed.dir) : parsed.name;
  return base
    .replace(/([a-z0-9])([A-Z])/g, '$1_$2')
    .replace(/[\s-]+/g, '_')
    .toLowerCase();
}

/** Throws VALIDATION_ERROR naming the file when its default export is no job. */
export function toHandler(file: string, given: unknown, codeHash: string): Handler {
  const exported = isFunctionModule(given) ? jobOfFunction(file, given) : given;
  if (isDefinedJob(exported)) {
    const info = infoOf(file, exported as unknown as Record<string, unknown>);
    if (typeof exported.run !== 'function') throw noJob(file, 'defineJob needs a `run` function');
    return { info, codeHash, call: async (ctx) => await exported.run(ctx as never) };
  }
  if (typeof exported === 'function') {
    const jobClass = exported as unknown as JobClass;
    const method = METHODS.find(
      (name) => typeof (exported.prototype as Record<string, unknown> | undefined)?.[name] === 'function',
    );
    if (!method) throw noJob(file, 'its default export is a function without the method runJob or runSync');
    const info = infoOf(file, jobClass as unknown as Record<string, unknown>);
    return {
      info,
      codeHash,
      async call(ctx) {
        const instance = new jobClass(ctx.config);
        return await (instance[method] as Method).call(instance, ctx);
      },
    };
  }
  throw noJob(file, exported === undefined ? 'it has no default export' : 'its default export is no job');
}

function infoOf(file: string, source: Record<string, unknown>): HandlerInfo {
  const name = typeof source.handler === 'string' ? source.handler : handlerNameOf(file);
  if (!isHandlerName(name)) {
    throw new SchedulerError(
      'VALIDATION_ERROR',
      `${file}: "${name}" is no handler name`,
      'use 1 to 100 letters, digits, _ . : or -',
    );
  }
  return {
    name,
    description: typeof source.description === 'string' ? source.description : null,
    defaults: (source.defaults ?? {}) as JsonObject,
    input: isSchema(source.input) ? source.input : null,
    file,
  };
}

function isSchema(value: unknown): value is ZodType {
  return (
    typeof value === 'object' &&
    value !== null &&
    typeof (value as { safeParse?: unknown }).safeParse === 'function'
  );
}

function noJob(file: string, found: string): SchedulerError {
  return new SchedulerError(
    'VALIDATION_ERROR',
    `${file}: ${found}`,
    'export default defineJob({ run(ctx) { … } }), or a class with runJob(), or FUNCTION_NAME and execute',
  );
}
