// A function module in, the job that it is out: parameters as a schema, `execute` as `run`.

import { mkdirSync } from 'node:fs';
import path from 'node:path';
import { type ZodType, z } from 'zod';
import { SchedulerError } from '#core/errors';
import {
  type FunctionContext,
  type FunctionModule,
  type FunctionParameter,
  PARAMETER_TYPES,
  type SchedulerServiceProxy,
} from '#core/function-module';
import {
  type AppConfig,
  defineJob,
  type JobContext,
  type JobDefinition,
  type JsonObject,
} from '#core/handler';

/** Asks for a trace of the run; no parameter of a function unless it names it. */
const TRACING = 'enable_tracing';
const SERVICE = 'scheduler_service';

/** Throws VALIDATION_ERROR naming the file for parameters that cannot be checked. */
export function jobOfFunction(file: string, module: FunctionModule): JobDefinition<ZodType> {
  const parameters = module.FUNCTION_PARAMETERS ?? {};
  const fields = Object.entries(parameters).map(([name, each]) => [name, fieldOf(file, name, each)] as const);
  const defaults = Object.entries(parameters).filter(([, each]) => each.default !== undefined);
  const description = module.FUNCTION_DESCRIPTION;
  return defineJob({
    handler: module.FUNCTION_NAME,
    ...(description !== undefined && { description }),
    input: z.strictObject({ [TRACING]: z.boolean().optional(), ...Object.fromEntries(fields) }),
    // Filled in where the job is defined, so that everybody sees with what it runs.
    defaults: { input: Object.fromEntries(defaults.map(([name, each]) => [name, each.default!])) },
    run: (ctx) => call(module, ctx as JobContext),
  });
}

async function call(module: FunctionModule, ctx: JobContext): Promise<JsonObject> {
  const { [TRACING]: _asked, ...own } = ctx.input;
  const parameters = module.FUNCTION_PARAMETERS?.[TRACING] ? ctx.input : own;
  const { trace } = ctx as JobContext & { trace?: unknown };
  return verdict(await module.execute(contextOf(module.FUNCTION_NAME, ctx), parameters, trace));
}

/** The same object: what the function assigns to `state` must reach the run. */
function contextOf(name: string, ctx: JobContext): FunctionContext {
  return Object.defineProperties(ctx, {
    config: { value: withDataDir(ctx, moduleOf(name)) },
    getService: { value: (service: string) => serviceOf(ctx, service) },
  }) as FunctionContext;
}

function withDataDir(ctx: JobContext, module: string): AppConfig {
  const config = { ...ctx.config };
  const get = () => {
    const directory = path.join(ctx.stateDir, '../../modules', module);
    mkdirSync(directory, { recursive: true });
    return directory;
  };
  return Object.freeze(Object.defineProperty(config, 'DATA_DIR', { get, enumerable: true }));
}

/** `your_module.maintenance` belongs to `your_module`. A name of dots leads nowhere else. */
function moduleOf(name: string): string {
  const module = name.includes('.') ? name.slice(0, name.lastIndexOf('.')) : name;
  return module.replace(/^\.+/, '') || '_';
}

function serviceOf(ctx: JobContext, name: string): SchedulerServiceProxy {
  if (name !== SERVICE)
    throw new SchedulerError(
      'INVALID_PARAMETERS',
      `there is no service ${name}`,
      `the scheduler offers ${SERVICE}; other modules are not loaded here`,
    );
  return new Proxy({} as SchedulerServiceProxy, {
    // Not thenable: it may be awaited.
    get: (_service, operation) =>
      typeof operation === 'string' && operation !== 'then'
        ? (input: JsonObject = {}) => ctx.call(operation, argumentsOf(operation, input))
        : undefined,
  });
}

/** The framework's modules register a directory with its fields alone. */
function argumentsOf(operation: string, input: JsonObject): JsonObject {
  return operation === 'register_cleanup' && 'directory' in input ? { rule: input } : input;
}

function verdict(answer: unknown): JsonObject {
  const isObject = typeof answer === 'object' && answer !== null && !Array.isArray(answer);
  const result = isObject ? (answer as JsonObject) : {};
  if (typeof result.success !== 'boolean') {
    const found = isObject ? 'an object without `success`' : `${answer === null ? 'null' : typeof answer}`;
    const error = `the function answered ${found}, expected {success, message, details}`;
    return { ...result, success: false, error };
  }
  const { message } = result;
  const isTold = result.success || result.error !== undefined || message === undefined;
  return isTold ? result : { ...result, error: message };
}

const FIELDS: Record<(typeof PARAMETER_TYPES)[keyof typeof PARAMETER_TYPES], () => ZodType> = {
  boolean: () => z.boolean(),
  string: () => z.string(),
  integer: () => z.int(),
  number: () => z.number(),
  array: () => z.array(z.json()),
  object: () => z.record(z.string(), z.json()),
  any: () => z.json(),
};

function fieldOf(file: string, name: string, parameter: FunctionParameter): ZodType {
  const { type, description, default: preset, required = false } = parameter ?? {};
  const known = Object.hasOwn(PARAMETER_TYPES, type)
    ? PARAMETER_TYPES[type as keyof typeof PARAMETER_TYPES]
    : null;
  if (known === null)
    throw new SchedulerError(
      'VALIDATION_ERROR',
      `${file}: FUNCTION_PARAMETERS.${name} has the type ${JSON.stringify(type)}`,
      `write one of ${Object.keys(PARAMETER_TYPES).join(', ')}`,
    );
  const plain = FIELDS[known]();
  const field = description === undefined ? plain : plain.describe(description);
  if (preset === undefined) return required ? field : field.optional();
  if (!plain.safeParse(preset).success)
    throw new SchedulerError(
      'VALIDATION_ERROR',
      `${file}: the default of FUNCTION_PARAMETERS.${name} is ${JSON.stringify(preset)}, which is no ${type}`,
      'correct the default, or the type',
    );
  return field.default(preset);
}
