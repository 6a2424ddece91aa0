// A new entry goes into a settings text; what people wrote there stays, character by character.

import { expect, it } from 'vitest';
import { parse } from 'yaml';
import { withJob } from '#config/add-job';

const ENTRY = { id: 'fresh', lines: ['enabled: false # later', 'cron: "0 4 * * *"'] };
const added = { enabled: false, cron: '0 4 * * *' };

it.each([
  ['behind the last job', 'scheduler:\n  jobs:\n    a: { enabled: true }\n', 4],
  ['as deep as the others', 'scheduler:\n    jobs:\n          a:\n            enabled: true\n', 10],
  ['without a newline at the end', 'scheduler:\n  jobs:\n    a: { enabled: true }', 4],
  [
    'before what follows',
    'scheduler:\n  jobs:\n    a:\n      cron: "1 * * * *"\n\n  timezone: UTC # zone\npaths: {}\n',
    4,
  ],
  ['behind a job without keys', 'scheduler:\n  jobs:\n    a:\nlogging: { level: INFO }\n', 4],
  [
    'behind a comment on the last line',
    'scheduler: # ours\n  jobs:\n    a: # first\n      enabled: true # yes\n# end\n',
    4,
  ],
  [
    'behind a text of several lines',
    'scheduler:\n  jobs:\n    a:\n      description: |\n        one\n        two\n  timezone: UTC\n',
    4,
  ],
])('%s', (_name, text, depth) => {
  const after = withJob(text, ENTRY);
  const before = parse(text);
  expect(parse(after)).toEqual({
    ...before,
    scheduler: { ...before.scheduler, jobs: { ...before.scheduler.jobs, fresh: added } },
  });
  const indent = ' '.repeat(depth);
  const lines = `${indent}fresh:\n${indent}  enabled: false # later\n${indent}  cron: "0 4 * * *"\n`;
  expect(after).toContain(lines);
  expect(after.replace(lines, '')).toBe(text.endsWith('\n') ? text : `${text}\n`);
});

it.each([
  ['no jobs', '# mine\nscheduler: { timezone: UTC } # zone\n'],
  ['jobs between braces', '# mine\nscheduler:\n  jobs: { a: { enabled: true } } # zone\n'],
  ['no section', '# mine\npaths: { vault: v } # zone\n'],
  ['nothing but comments', '# mine\n# zone\n'],
  ['an empty map of jobs', '# mine\nscheduler:\n  jobs: {} # zone\n'],
])('with %s the section is made, and comments stay', (_name, text) => {
  const after = withJob(text, ENTRY);
  const before = parse(text) ?? {};
  expect(parse(after)).toEqual({
    ...before,
    scheduler: { ...before.scheduler, jobs: { ...before.scheduler?.jobs, fresh: added } },
  });
  expect(after).toContain('# mine');
  expect(after).toContain('# zone');
});
