// The answers of `why` that the documentation shows are answers of the program: each is one of the golden files.
import { globSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';

const root = new URL('../../../', import.meta.url).pathname;
const goldens = globSync('test/golden/why/*.json', { cwd: root }).map(
  (file) => (JSON.parse(readFileSync(`${root}${file}`, 'utf8')) as { text: string }).text,
);
const UUID = /[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/g;

test.each(['docs/cli.md', 'docs/operations.md'])('%s shows answers of why as they are', (file) => {
  const text = readFileSync(`${root}${file}`, 'utf8');
  const shown = [...text.matchAll(/^\$ aclarai-scheduler why .*\n(.*)$/gm)].map((match) => match[1]!);
  expect(shown.length).toBeGreaterThan(0);
  for (const answer of shown) expect(goldens).toContain(answer.replace(UUID, 'id-1'));
});
