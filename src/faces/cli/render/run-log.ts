// Lines of a run for people: one a line, with what was cut and where another attempt began. Pure.

import type { RunLineShape } from '#service/run-lines';
import { timeText, valueText } from '../text.ts';

const WIDEST_LEVEL = 6;

/** `from` = the attempt of the line before; 0 = there is none. Lines, each ended. */
export function runLogText(lines: readonly RunLineShape[], from = 0): string {
  let attempt = from;
  return lines
    .map((line) => {
      const isNext = attempt !== 0 && line.attempt !== attempt;
      attempt = line.attempt;
      return `${isNext ? `-- attempt ${attempt}\n` : ''}${lineText(line)}\n`;
    })
    .join('');
}

function lineText({ time, stream, level, message, fields }: RunLineShape): string {
  if (stream === 'cut') return `-- ${message}`;
  const word = stream === 'log' ? level.toUpperCase() : stream;
  const texts = Object.entries(fields ?? {}).map(([key, value]) => [key, valueText(value)] as const);
  const short = texts.filter(([, text]) => !text.includes('\n')).map(([key, text]) => ` ${key}=${text}`);
  const long = texts.filter(([, text]) => text.includes('\n')).map(([, text]) => text);
  const [first = '', ...more] = message.split('\n');
  const head = `${timeText(time)}  ${word.padEnd(WIDEST_LEVEL)}  ${first}${short.join('')}`.trimEnd();
  // What has several lines, such as where an error was thrown, stands below, indented.
  return [head, ...[...more, ...long].flatMap((text) => text.split('\n').map((line) => `  ${line}`))].join(
    '\n',
  );
}
