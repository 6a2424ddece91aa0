// Lines of a run as people read them.

import { expect, it } from 'vitest';
import { runLogText } from '#faces/cli/render/run-log';
import type { RunLineShape } from '#service/run-lines';

const line = (over: Partial<RunLineShape>): RunLineShape => ({
  n: 1,
  time: '2026-03-29T03:00:00.123+02:00',
  attempt: 1,
  stream: 'log',
  level: 'info',
  message: 'said',
  fields: null,
  ...over,
});
const AT = '2026-03-29 03:00:00+02:00';

it.each<[string, Partial<RunLineShape>, string]>([
  ['a line of the log', {}, `${AT}  INFO    said\n`],
  ['fields', { fields: { n: 1, of: 'all' } }, `${AT}  INFO    said n=1 of=all\n`],
  ['stderr', { stream: 'stderr', level: 'warn' }, `${AT}  stderr  said\n`],
  ['an empty line', { stream: 'stdout', message: '' }, `${AT}  stdout\n`],
  ['several lines', { message: 'a\nb', fields: { stack: 'x\n  y' } }, `${AT}  INFO    a\n  b\n  x\n    y\n`],
  ['what is cut', { stream: 'cut', message: '9 lines are not kept' }, '-- 9 lines are not kept\n'],
])('%s', (_name, over, text) => {
  expect(runLogText([line(over)])).toBe(text);
});

it('says where another attempt begins, also behind what was printed before', () => {
  const second = line({ attempt: 2 });
  expect(runLogText([line({}), second, second]).split('\n')[1]).toBe('-- attempt 2');
  expect(runLogText([second], 1)).toMatch(/^-- attempt 2\n/);
  expect(runLogText([second], 2)).not.toContain('--');
  expect(runLogText([second])).not.toContain('--');
});
