// How much is logged: LOG_LEVEL, else the level that all aclarai services share.

import type { Variables } from './environment.ts';
import { shown } from './findings.ts';
import { note, type Reading } from './read.ts';
import type { Settings } from './settings.ts';
import { valueAt } from './tree.ts';

type Level = Settings['logLevel'];

/** Words of other services' loggers too; any case. */
const LEVELS: Readonly<Record<string, Level>> = {
  trace: 'debug',
  debug: 'debug',
  info: 'info',
  warn: 'warn',
  warning: 'warn',
  error: 'error',
  critical: 'error',
  fatal: 'error',
};
const PATH = ['logging', 'level'];
const EXPECTED = 'expected DEBUG, INFO, WARNING or ERROR';

export function readLogLevel(reading: Reading, variables: Variables): Level {
  const variable = variables.get('LOG_LEVEL');
  if (variable) {
    const level = levelOf(variable.value);
    if (!level)
      reading.findings.fault(
        variable.place,
        'INVALID_VARIABLE',
        `found ${shown(variable.value)}, ${EXPECTED}`,
      );
    note(reading, PATH, level ?? 'info', variable.name);
    return level ?? 'info';
  }
  const written = valueAt(reading.source.root, PATH);
  const level = levelOf(written);
  if (written !== undefined && !level)
    reading.findings.warn(
      reading.source.at(PATH),
      'INVALID_VALUE',
      `found ${shown(written)}, ${EXPECTED}; info is used`,
    );
  const place = reading.source.at(PATH, 'key');
  note(reading, PATH, level ?? 'info', level ? `${place.file}:${place.line}` : 'default');
  return level ?? 'info';
}

function levelOf(word: unknown): Level | undefined {
  const name = typeof word === 'string' ? word.trim().toLowerCase() : '';
  return Object.hasOwn(LEVELS, name) ? LEVELS[name] : undefined;
}
