// Every operation there is, by its name: what HTTP, command line and agents offer is derived from this.

import { cleanupOperations } from './cleanups.ts';
import { forecastOperations } from './forecast.ts';
import { jobOperations } from './jobs.ts';
import { keyOperations } from './keys.ts';
import type { Operation } from './operation.ts';
import { queueOperations } from './queues.ts';
import { runOperations } from './runs.ts';
import { upkeepOperations } from './upkeep.ts';

export const OPERATIONS: ReadonlyMap<string, Operation> = new Map(
  [
    ...jobOperations,
    ...runOperations,
    ...forecastOperations,
    ...cleanupOperations,
    ...queueOperations,
    ...keyOperations,
    ...upkeepOperations,
  ].map((each) => [each.name, each]),
);
