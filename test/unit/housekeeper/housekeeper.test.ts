import { chmodSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { house, resultIn } from './house.ts';
import { NOW, put, tree, withoutRoot } from './support.ts';

describe('a run', () => {
  test('of one rule cleans by that rule alone and answers its result', async () => {
    const { root, logs, use, rule, housekeeper } = house();
    put(logs, 'old.log', 9, '12345');
    put(logs, 'new.log', 1);
    put(root, 'other/old.log', 9);
    use({
      rules: [rule({ retentionDays: 7 }), rule({ id: 'other', directory: join(root, 'other'), maxFiles: 0 })],
    });
    const answer = await housekeeper.run({ ruleId: 'logs' });
    expect(resultIn(answer)).toMatchObject({
      id: 'logs',
      success: true,
      files_deleted: 1,
      space_freed: 5,
      files_kept: 1,
    });
    expect(answer).toMatchObject({ total_files_deleted: 1, total_space_freed: 5, dry_run: false });
    expect(tree(logs)).toEqual(['new.log']);
    expect(tree(join(root, 'other'))).toEqual(['old.log']);
  });

  test('of an unknown rule is CONFIG_NOT_FOUND with the nearest id', async () => {
    const { housekeeper, use, rule } = house();
    use({ rules: [rule({ id: 'session_logs' })] });
    await expect(housekeeper.run({ ruleId: 'sesion_logs' })).rejects.toMatchObject({
      code: 'CONFIG_NOT_FOUND',
      fix: 'did you mean "session_logs"?',
    });
    await expect(housekeeper.run({ ruleId: 'zzz' })).rejects.toMatchObject({
      fix: 'the rules are: session_logs',
    });
  });

  test('goes on past rules that fail, each with its reason', async () => {
    const { root, logs, use, rule, all } = house();
    put(logs, 'old.log', 99);
    put(join(root, 'vault'), 'note.md', 99);
    use({
      rules: [
        rule({ id: 'vault', directory: join(root, 'vault'), maxFiles: 0 }),
        rule({ id: 'missing', directory: join(root, 'missing') }),
        rule({ id: 'file', directory: join(logs, 'old.log') }),
        rule({ id: 'pattern', pattern: '../*' }),
        rule({ id: 'negative', maxFiles: -1 }),
        rule({ id: 'made', source: 'api' }),
        rule({ id: 'good' }),
      ],
    });
    const report = await all();
    expect(report).toMatchObject({ total_configs: 7, successful: 1, failed: 6, total_files_deleted: 1 });
    expect(report.details.map((detail) => `${detail.id} ${detail.error?.code ?? 'ok'}`)).toEqual([
      'vault FORBIDDEN',
      'missing CLEANUP_ERROR',
      'file CLEANUP_ERROR',
      'pattern INVALID_PARAMETERS',
      'negative INVALID_PARAMETERS',
      'made FORBIDDEN',
      'good ok',
    ]);
    expect(tree(join(root, 'vault'))).toEqual(['note.md']);
  });

  test('starts the lower priority first and keeps to the number at a time', async () => {
    const order: string[] = [];
    const { use, rule, all, root } = house(({ message }) => order.push(message));
    for (const name of ['a', 'b', 'c']) put(root, `${name}/x`, 99);
    const at = (id: string, priority: number) =>
      rule({ id, priority, directory: join(root, id), maxFiles: 0 });
    use({ concurrentCleanups: 1, rules: [at('c', 300), at('a', 1), at('b', 20)] });
    expect((await all()).details.map((detail) => detail.id)).toEqual(['a', 'b', 'c']);
    // one at a time: each rule ends before the next one is planned
    expect(order.map((message) => message.split(' ')[0])).toEqual([
      'planned',
      'Removed',
      'planned',
      'Removed',
      'planned',
      'Removed',
    ]);
  });

  test('keeps to the number at a time with all other runs', async () => {
    const order: string[] = [];
    const { use, rule, one, root } = house(({ message }) => order.push(message.split(' ')[0]!));
    for (const name of ['a', 'b', 'c']) put(root, `${name}/x`, 99);
    const rules = ['a', 'b', 'c'].map((id) => rule({ id, directory: join(root, id) }));
    use({ concurrentCleanups: 1, rules });
    await Promise.all(['a', 'b', 'c'].map((id) => one(id)));
    expect(order).toEqual(['planned', 'Removed', 'planned', 'Removed', 'planned', 'Removed']);
  });

  test('tells when no policy was given', async () => {
    const { logs, use, rule, one } = house();
    put(logs, 'a', 13);
    put(logs, 'b', 11);
    use({ defaultRetentionDays: 12, rules: [rule()] });
    const result = await one('logs');
    expect(result.files_deleted).toBe(1);
    expect(result.message).toContain('older than 12 days');
  });

  test('refuses a larger share than allowed and removes nothing', async () => {
    const { logs, use, rule, one } = house();
    for (let index = 0; index < 20; index++) put(logs, `f${index}`, 99);
    use({ rules: [rule({ maxDeleteShare: 0.5, maxFiles: 9 })] });
    const result = await one('logs');
    expect(result).toMatchObject({
      success: false,
      files_deleted: 0,
      files_kept: 20,
      error: { code: 'CLEANUP_ERROR' },
    });
    expect(result.message).toContain('max_delete_share');
    expect(tree(logs)).toHaveLength(20);
  });

  test('that is stopped says so and removes no more', async () => {
    const { logs, use, rule, all } = house();
    put(logs, 'old', 99);
    use({ rules: [rule()] });
    const report = await all({ signal: AbortSignal.abort() });
    expect(report.details[0]).toMatchObject({
      success: false,
      files_deleted: 0,
      error: { code: 'CLEANUP_ERROR' },
    });
    expect(tree(logs)).toEqual(['old']);
  });

  test('counts a file it may not delete as kept and warns', async () => {
    const { logs, use, rule, one, log } = house();
    put(logs, 'shut', 99);
    chmodSync(logs, 0o555);
    use({ rules: [rule()] });
    const result = await withoutRoot(() => one('logs'));
    chmodSync(logs, 0o755);
    expect(result).toMatchObject({ success: true, files_deleted: 0, files_kept: 1 });
    expect(result.warnings).toEqual(['shut: kept, permission denied (EACCES)']);
    expect(log.lines).toContainEqual({ level: 'warn', message: result.message });
  });
});

describe('last_run', () => {
  test('is the start of the last real run that succeeded', async () => {
    const { root, use, rule, all, lastRuns } = house();
    use({
      rules: [
        rule(),
        rule({ id: 'missing', directory: join(root, 'missing') }),
        rule({ id: 'dry', dryRun: true }),
      ],
    });
    await all();
    expect(lastRuns).toEqual(new Map([['logs', NOW]]));
  });
});

test('rules that were registered run beside those of the settings, which go before one of the same id', async () => {
  const { root, logs, use, rule, all, registered } = house();
  const stored = { source: 'api', createdAt: NOW, updatedAt: NOW } as const;
  use({ rules: [rule()], allowedRoots: [join(root, 'more')] });
  put(root, 'more/old', 99);
  put(logs, 'old', 99);
  registered.push({ ...rule({ id: 'logs', directory: '/nowhere' }), ...stored });
  registered.push({ ...rule({ id: 'more', directory: join(root, 'more'), priority: 1 }), ...stored });
  const { details } = await all();
  expect(details.map(({ id, directory, success }) => [id, directory, success])).toEqual([
    ['more', join(root, 'more'), true],
    ['logs', logs, true],
  ]);
  expect(tree(root).filter((path) => path.endsWith('old'))).toEqual([]);
});

describe('the report', () => {
  test('is written for a run of all rules, as it was answered', async () => {
    const { use, rule, housekeeper, root } = house();
    use({ reportEnabled: true, rules: [rule()] });
    const answer = await housekeeper.run();
    if (!('report' in answer) || answer.report_file === null) throw new Error('no report was written');
    expect(JSON.parse(readFileSync(answer.report_file, 'utf8'))).toEqual(answer.report);
    await housekeeper.run({ ruleId: 'logs' });
    expect(readdirSync(join(root, 'reports'))).toEqual(['cleanup_report_20260131_030000.json']);
  });

  test('that cannot be written is a warning', async () => {
    const { use, rule, housekeeper, root, log } = house();
    writeFileSync(join(root, 'reports'), 'a file');
    use({ reportEnabled: true, rules: [rule()] });
    expect(await housekeeper.run()).toMatchObject({ report_file: null, report: { successful: 1 } });
    expect(log.lines.map((line) => line.level)).toContain('warn');
  });
});

test('check names the rules that would fail, and only those', async () => {
  const { root, logs, rule, housekeeper } = house();
  mkdirSync(join(root, 'blind'));
  chmodSync(join(root, 'blind'), 0o444);
  mkdirSync(join(root, 'dark'));
  chmodSync(join(root, 'dark'), 0o000);
  chmodSync(logs, 0o777);
  const rules = [
    rule({ id: 'good' }),
    rule({ id: 'missing', directory: join(root, 'missing') }),
    rule({ id: 'blind', directory: join(root, 'blind') }),
    rule({ id: 'dark', directory: join(root, 'dark') }),
    rule({ id: 'state', directory: join(root, 'state') }),
    rule({ id: 'faulty', pattern: '', maxFiles: -1 }),
  ];
  const warnings = await withoutRoot(() => housekeeper.check(rules));
  expect(warnings.map(({ id, code }) => `${id} ${code}`)).toEqual([
    'missing CLEANUP_ERROR',
    'blind CLEANUP_ERROR',
    'dark CLEANUP_ERROR',
    'state FORBIDDEN',
    'faulty INVALID_PARAMETERS',
    'faulty INVALID_PARAMETERS',
  ]);
});
