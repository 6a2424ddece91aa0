// Lines of a run for people: one a line, with what was cut and where another attempt began. Pure.

import type { RunLineShape } from '#service/run-lines';
import { oneLine, timeText, valueText } from '../text.ts';

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
  const rest = Object.entries(fields ?? {}).map(([key, value]) => ` ${key}=${valueText(value)}`);
  return `${timeText(time)}  ${word.padEnd(WIDEST_LEVEL)}  ${oneLine(message)}${oneLine(rest.join(''))}`.trimEnd();
}
