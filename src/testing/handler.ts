// Job code as a test has it at hand, read as the file that exports it would be. Pure.

import type { ZodType } from 'zod';
import type { FunctionModule } from '#core/function-module';
import type { AppConfig, Handler, JobDefinition } from '#core/handler';
import { toHandler } from '#runs/handlers/shape';

/** What a job file exports: `defineJob({…})`, a class with `runJob` or `runSync`; of a function module `import * as`. */
export type JobUnderTest<Schema extends ZodType = ZodType> =
  | JobDefinition<Schema>
  | FunctionModule
  | (new (
      config: AppConfig,
    ) => object);

/** It is called in the test's own thread. Throws VALIDATION_ERROR for what is no job. */
export function handlerOf(job: unknown, name: string): Handler {
  const { info, call } = toHandler(`${name}.ts`, job, '');
  return { info: { ...info, name, file: null }, codeHash: null, call };
}
