// The contract of a function module: the form in which modules of the framework offer a function to be scheduled.

import type { AppConfig, JobContext, Json, JsonObject } from './handler.ts';

export const PARAMETER_TYPES = {
  boolean: 'boolean',
  bool: 'boolean',
  string: 'string',
  str: 'string',
  integer: 'integer',
  int: 'integer',
  number: 'number',
  float: 'number',
  array: 'array',
  list: 'array',
  object: 'object',
  dict: 'object',
  any: 'any',
} as const;

/** Without a default a parameter may be left out unless it is `required`. */
export interface FunctionParameter {
  /** One of the names in PARAMETER_TYPES. */
  type: string;
  description?: string;
  default?: Json;
  required?: boolean;
}

/** `ctx`, with the names that functions of the framework know. */
export interface FunctionContext extends JobContext {
  /** `DATA_DIR` is `<state>/modules/<module>`, made when it is asked for. */
  readonly config: AppConfig & { readonly DATA_DIR: string };
  /** `scheduler_service`; INVALID_PARAMETERS for any other. */
  getService(name: string): SchedulerServiceProxy;
}

/** Every operation of `ctx.call` is a method that takes its input. */
export type SchedulerServiceProxy = Readonly<Record<string, (input?: JsonObject) => Promise<Json>>>;

export interface FunctionModule {
  FUNCTION_NAME: string;
  FUNCTION_DESCRIPTION?: string;
  FUNCTION_PARAMETERS?: Record<string, FunctionParameter>;
  /** An object without `success` counts as a failure. */
  execute(context: FunctionContext, parameters: JsonObject, trace?: unknown): unknown;
}

export function isFunctionModule(value: unknown): value is FunctionModule {
  if (typeof value !== 'object' || value === null) return false;
  const { FUNCTION_NAME, execute } = value as Partial<Record<keyof FunctionModule, unknown>>;
  return typeof FUNCTION_NAME === 'string' && typeof execute === 'function';
}
