import { expect, it } from 'vitest';
import { createLog } from '../../src/log.ts';
import { stillClock, T0 } from '../support/ledger.ts';

function logged(pretty = false) {
  const lines: string[] = [];
  const log = createLog({
    clock: stillClock(T0),
    level: 'info',
    sink: { write: (line) => void lines.push(line) },
    pretty,
  });
  return { log, lines };
}

it('the line of a run has exactly the fields that other aclarai services read', () => {
  const { log, lines } = logged();
  log.at('execute.runJob').info('', {
    job_id: 'vault_sync_1734264000',
    job_name: 'vault_sync',
    run_id: 'r',
    duration: 2.1,
    success: true,
    items_processed: 3,
  });
  expect(lines.join('')).toBe(
    '{"level":"INFO","time":"2025-01-06T00:00:00.000Z","service":"aclarai-scheduler","filename.function_name":"execute.runJob","job_id":"vault_sync_1734264000","job_name":"vault_sync","run_id":"r","duration":2.1,"success":true,"items_processed":3}\n',
  );
});

it.each([['password'], ['token'], ['secret']])(
  'a field named %s is masked, at any of three depths',
  (key) => {
    const { log, lines } = logged();
    log.info('x', { [key]: 'abc', a: { [key]: 'abc', b: { [key]: 'abc' } } });
    expect(lines.join('')).not.toContain('abc');
  },
);

it('a secret value is masked wherever it stands, in JSON and in readable lines', () => {
  for (const pretty of [false, true]) {
    const { log, lines } = logged(pretty);
    log.hide(['pa"ss\\word', 'abc']);
    log.error('bolt://neo4j:pa"ss\\word@host said abc', { url: 'pa"ss\\word' });
    expect(lines.join('')).not.toContain('pa"ss');
    expect(lines.join('')).not.toContain('pa\\"ss');
    expect(lines.join('')).toContain('said abc');
  }
});

it('the level can change while it runs', () => {
  const { log, lines } = logged();
  log.debug('one');
  log.setLevel('debug');
  log.debug('two');
  log.setLevel('error');
  log.warn('three');
  expect(lines.map((line) => JSON.parse(line).msg)).toEqual(['two']);
});

it('a readable line of a run is a sentence', () => {
  const { log, lines } = logged(true);
  log.at('execute.runJob').info('', { job_name: 'vault_sync', duration: 2.1, success: true });
  log
    .at('execute.runJob')
    .error('', { job_name: 'vault_sync', duration: 2.1, success: false, error: 'no luck' });
  expect(lines[0]).toContain('vault_sync succeeded in 2.1 s');
  expect(lines[1]).toContain('vault_sync failed in 2.1 s');
  expect(lines[1]).toContain('no luck');
});

it('a field that is called as one of ours does not make a line with a key twice', () => {
  const { log, lines } = logged();
  log.warn('x', { level: 'mine', msg: 'too', n: 1 });
  expect(lines[0]).toContain('"level_":"mine","msg_":"too","n":1,"msg":"x"');
});
