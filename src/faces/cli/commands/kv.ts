// kv get, set, list, delete: small values by key, which references in input read.

import type { Command } from 'commander';
import type { KeyShape } from '#service/keys';
import { jsonOrText, wholeNumber } from '../arguments.ts';
import { examples, type Perform } from '../command.ts';
import { keysText } from '../render/queue.ts';

export function addKvCommands(program: Command, perform: Perform): void {
  const kv = program
    .command('kv')
    .description('small values by key, for jobs: "!ref:storage_kv:KEY" in input');
  examples(kv, [
    [`aclarai-scheduler kv set report/pages 3`, 'a number'],
    ['aclarai-scheduler kv get report/pages', 'its value alone'],
    ['aclarai-scheduler kv list --prefix report/', 'all that begin so'],
  ]);
  const get = kv
    .command('get <key>')
    .description('the value of a key: a text as it is, anything else as JSON')
    .action((key: string) =>
      perform(async (session) => {
        const found = await session.ask<KeyShape>('kv_get', { key });
        const { value } = found;
        return { data: found, text: `${typeof value === 'string' ? value : JSON.stringify(value)}\n` };
      }),
    );
  examples(get, [['aclarai-scheduler kv get report/pages --json', 'with who set it, and when']]);
  const set = kv
    .command('set <key> <value>')
    .description('give a key a value; what is JSON is read as JSON, else it is a text')
    .option('--text', 'take the value as a text, whatever it looks like')
    .action((key: string, value: string, { text = false }: { text?: boolean }) =>
      perform(async (session) => {
        const kept = await session.ask<KeyShape>('kv_set', { key, value: text ? value : jsonOrText(value) });
        return { data: kept, text: `${kept.key} is set\n` };
      }),
    );
  examples(set, [
    [`aclarai-scheduler kv set report '{"pages": 3}'`, 'an object'],
    ['aclarai-scheduler kv set zip 12345 --text', 'a text of digits'],
  ]);
  const list = kv
    .command('list')
    .description('keys by name, with their values')
    .option('--prefix <text>', 'only those that begin so')
    .option('--after <key>', 'the last key of the page before')
    .option('--limit <n>', 'at most so many', wholeNumber('limit', 1, 1_000))
    .action((query: { prefix?: string; after?: string; limit?: number }) =>
      perform(async (session) => {
        const keys = await session.ask<KeyShape[]>('kv_list', query);
        return { data: keys, text: keysText(keys, session.width) };
      }),
    );
  examples(list, [['aclarai-scheduler kv list --prefix report/ --limit 20', 'the first twenty']]);
  const remove = kv
    .command('delete <key>')
    .description('take a key away')
    .action((key: string) =>
      perform(async (session) => {
        const done = await session.ask<{ deleted: string }>('kv_delete', { key });
        return { data: done, text: `${done.deleted} is deleted\n` };
      }),
    );
  examples(remove, [['aclarai-scheduler kv delete report/pages', 'it is not there any more']]);
}
