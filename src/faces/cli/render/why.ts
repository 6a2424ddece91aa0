// The answer of `why` as a sentence, with the rows before and after it. Pure.

import type { RunShape } from '#service/shapes';
import type { WhyShape } from '#service/why';
import { fields } from '../table.ts';
import { secondsText, timeText } from '../text.ts';

export function whyText(answer: WhyShape): string {
  const around: (readonly [string, string])[] = [];
  if (answer.run) around.push(['Run', answer.run.run_id]);
  if (answer.before) around.push(['Before', rowText(answer.before)]);
  if (answer.after) around.push(['After', rowText(answer.after)]);
  return `${answer.text}\n${fields(around)}`;
}

function rowText(run: RunShape): string {
  const reason = run.reason === null ? '' : ` (${run.reason})`;
  const took = run.duration === null ? '' : ` in ${secondsText(run.duration)}`;
  const error = run.error === null ? '' : `: ${run.error.message}`;
  return `${timeText(run.slot ?? run.started_at ?? run.queued_at)} ${run.state}${reason}${took}${error}`;
}
