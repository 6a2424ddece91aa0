// Every operation there is, by its name: what HTTP, command line and agents offer is derived from this.

import type { z } from 'zod';
import { cleanupOperations } from './cleanups.ts';
import { forecastOperations } from './forecast.ts';
import { jobOperations } from './jobs.ts';
import { keyOperations } from './keys.ts';
import type { Operation } from './operation.ts';
import { queueOperations } from './queues.ts';
import { runOperations } from './runs.ts';
import { upkeepOperations } from './upkeep.ts';

const ALL = [
  ...jobOperations,
  ...runOperations,
  ...forecastOperations,
  ...cleanupOperations,
  ...queueOperations,
  ...keyOperations,
  ...upkeepOperations,
];

export const OPERATIONS: ReadonlyMap<string, Operation> = new Map(ALL.map((each) => [each.name, each]));

/** What each takes and answers, by its name. */
export type OperationTypes = {
  [O in (typeof ALL)[number] as O['name']]: { input: z.input<O['input']>; output: z.output<O['output']> };
};
