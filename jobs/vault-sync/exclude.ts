// Globs of `vault.exclude` in, one question out: is this file or directory left out? Pure.

import path from 'node:path';

/** Signs that make a pattern more than a name, or a name that ends in something. */
const MAGIC = /[*?[\]{}!()+@\\]/;

/**
 * A glob with a slash counts from the vault, one without is looked for at any depth. The common shapes `*.ending`, `name`
 * and `folder/**` are compared as texts: asking a matcher for each of 10,000 files takes longer than finding them.
 */
export function excludes(globs: readonly string[]): (name: string, file: string) => boolean {
  const tests = globs.map((glob) => testFor(glob.replace(/^\.?\/|\/$/g, '')));
  return (name, file) => tests.some((test) => test(name, file));
}

function testFor(pattern: string): (name: string, file: string) => boolean {
  const whole = pattern.includes('/');
  if (!MAGIC.test(pattern)) return whole ? (_, file) => file === pattern : (name) => name === pattern;
  if (!whole && pattern.startsWith('*') && !MAGIC.test(pattern.slice(1))) {
    const ending = pattern.slice(1);
    return (name) => name.endsWith(ending) && !name.startsWith('.');
  }
  if (pattern.endsWith('/**') && !MAGIC.test(pattern.slice(0, -3))) {
    const folder = pattern.slice(0, -3);
    return (_, file) => file === folder || file.startsWith(`${folder}/`);
  }
  return (name, file) => path.posix.matchesGlob(whole ? file : name, pattern);
}
