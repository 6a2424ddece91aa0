// A handler in, the job that its ad hoc runs are kept under out: never scheduled, held by nothing but the global cap.

import { SchedulerError } from '#core/errors';
import type { HandlerInfo } from '#core/handler';
import { adHocId, type JobSpec } from '#core/job';
import { Findings, plainSource } from './findings.ts';
import { formatNote } from './format.ts';
import { configHash } from './hash.ts';
import { classDefaults } from './jobs.ts';
import { type JobLayer, policyOf } from './policy.ts';
import type { SchedulerSettings } from './settings.ts';

/**
 * Its class's defaults, then `scheduler.defaults`, say how it runs; it has no place and no group of its own (rule 18).
 * Throws VALIDATION_ERROR where the class's defaults do not hold.
 */
export function adHocJob(
  info: HandlerInfo,
  scheduler: Pick<SchedulerSettings, 'defaults' | 'timezone'>,
): JobSpec {
  const findings = new Findings();
  const reading = { source: plainSource(info.name, {}, []), findings, overrides: new Map(), values: [] };
  const ofClass = classDefaults(reading, info, new Map());
  const [fault] = findings.faults;
  if (fault) throw new SchedulerError('VALIDATION_ERROR', formatNote(fault), fault.fix);
  const layers = [ofClass.layer, scheduler.defaults as JobLayer];
  const policy = policyOf(layers, { kind: 'manual', file: info.file });
  const behaviour = {
    handler: info.name,
    input: ofClass.input,
    schedule: { kind: 'manual', timezone: scheduler.timezone },
    policy: { ...policy, overlap: 'allow', group: null, maxExecutions: null },
    manualOnly: true,
    runOnStart: false,
  } as const;
  const id = adHocId(info.name);
  return {
    ...{
      id,
      name: id,
      description: info.description,
      source: 'api',
      origin: null,
      owner: null,
      moduleId: null,
    },
    ...{ enabled: true, warnings: [], configHash: configHash(behaviour), ...behaviour },
  };
}
