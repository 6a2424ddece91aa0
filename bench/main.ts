// Runs the benches: `npm run bench -- [name…] [--format json]`, a line a figure. Every file here is one, but those that benches share.

import { readdirSync } from 'node:fs';
import { parseArgs } from 'node:util';
import type { Bench, Figure } from './figure.ts';

const SHARED = ['main.ts', 'figure.ts', 'service.ts'];

const known = readdirSync(import.meta.dirname)
  .filter((file) => file.endsWith('.ts') && !SHARED.includes(file))
  .map((file) => file.slice(0, -'.ts'.length))
  .sort();

process.exitCode = await main(process.argv.slice(2));

/** The exit code: 0 also when a goal is missed (`met` says so), 1 when a bench failed, 2 for wrong arguments. */
async function main(args: string[]): Promise<number> {
  const asked = read(args);
  if (typeof asked === 'string') {
    console.error(`${asked}\nusage: npm run bench -- [name…] [--format json]\nbenches: ${known.join(' ')}`);
    return 2;
  }
  let failed = false;
  for (const name of asked.names) {
    try {
      for await (const figure of await measure(name))
        console.log(asked.json ? JSON.stringify(figure) : line(figure));
    } catch (error) {
      failed = true;
      console.error(`${name}: failed:`, error);
    }
  }
  return failed ? 1 : 0;
}

/** What to run, or what is wrong with the arguments. */
function read(args: string[]): { names: string[]; json: boolean } | string {
  try {
    const options = { format: { type: 'string' }, json: { type: 'boolean' } } as const;
    const { values, positionals } = parseArgs({ args, allowPositionals: true, options });
    if (values.format !== undefined && !['json', 'text'].includes(values.format))
      return `unknown format "${values.format}": json or text`;
    const unknown = positionals.filter((name) => !known.includes(name));
    if (unknown.length > 0) return `no bench is called ${unknown.join(', ')}`;
    return {
      names: positionals.length > 0 ? positionals : known,
      json: values.json === true || values.format === 'json',
    };
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

async function measure(name: string): Promise<Figure[] | AsyncIterable<Figure>> {
  const bench: Bench = await import(`./${name}.ts`);
  return bench.figures();
}

function line(figure: Figure): string {
  const verdict =
    figure.met === null ? '' : `  goal ${short(figure.goal!)}×: ${figure.met ? 'met' : 'MISSED'}`;
  const own = `${short(figure.value)} ${figure.unit}`;
  const yardstick = `${figure.yardstick} ${short(figure.yardstick_value)} ${figure.unit}`;
  return `${figure.figure.padEnd(28)} ${own.padStart(14)}   ${yardstick.padEnd(44)} ${short(figure.ratio)}×${verdict}`;
}

function short(value: number): string {
  return Number(value.toPrecision(4)).toLocaleString('en-US', { maximumSignificantDigits: 4 });
}
