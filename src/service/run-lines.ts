// Lines of a run as faces show them: times in the zone of its job. Pure.

import type { JsonObject } from '#core/handler';
import type { RunLine } from '#core/run-log';
import { iso } from './shapes.ts';

export interface RunLineShape {
  n: number;
  time: string;
  attempt: number;
  stream: RunLine['stream'];
  level: RunLine['level'];
  message: string;
  fields: JsonObject | null;
}

export function runLineShape(line: RunLine, zone: string): RunLineShape {
  const { n, at, attempt, stream, level, message, fields } = line;
  return { n, time: iso(at, zone), attempt, stream, level, message, fields };
}
