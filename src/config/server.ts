// What the service listens on and whom it lets in; from variables only, never from the shared file.

import { numberOf, type Variables } from './environment.ts';
import type { Findings } from './findings.ts';
import type { EffectiveValue, ServerSettings, Token } from './settings.ts';

const DEFAULT_HOST = '127.0.0.1';
const DEFAULT_PORT = 8787;
const SCOPES: readonly string[] = ['read', 'run', 'write', 'admin'];
const TOKEN_FORM =
  'expected name:scope:secret with scope read, run, write or admin, several separated by commas';

/** `SCHEDULER_HOST`, `SCHEDULER_PORT`, `SCHEDULER_TOKENS`. */
export async function readServer(
  variables: Variables,
  findings: Findings,
  values: EffectiveValue[],
): Promise<ServerSettings> {
  const host = variables.get('SCHEDULER_HOST');
  const port = variables.get('SCHEDULER_PORT');
  const number = port ? numberOf(port.value) : DEFAULT_PORT;
  const inRange = typeof number === 'number' && number <= 65_535;
  if (port && !inRange)
    findings.fault(
      port.place,
      'INVALID_VARIABLE',
      `found ${JSON.stringify(port.value)}, expected a port from 0 to 65535`,
    );
  const tokens = await readTokens(variables, findings, values);
  values.push(
    { path: 'server.host', value: host?.value ?? DEFAULT_HOST, origin: host?.name ?? 'default' },
    { path: 'server.port', value: number, origin: port?.name ?? 'default' },
  );
  return { host: host?.value ?? DEFAULT_HOST, port: inRange ? number : DEFAULT_PORT, tokens };
}

async function readTokens(
  variables: Variables,
  findings: Findings,
  values: EffectiveValue[],
): Promise<Token[]> {
  const variable = await variables.secret('SCHEDULER_TOKENS');
  if (!variable) return [];
  const parts = variable.value.split(',').map((part) => part.trim());
  const tokens = parts
    .filter((part) => part !== '')
    .flatMap((part, index) => {
      const [, name, scope, secret] = /^([^:]+):([^:]+):(.+)$/.exec(part) ?? [];
      if (name && scope && secret && SCOPES.includes(scope))
        return [{ name, scope: scope as Token['scope'], secret }];
      findings.fault(variable.place, 'INVALID_VARIABLE', `entry ${index + 1} is no token, ${TOKEN_FORM}`);
      return [];
    });
  const shownTokens = tokens.map(({ name, scope }) => `${name}:${scope}`);
  values.push({ path: 'server.tokens', value: shownTokens, origin: variable.place.path });
  return tokens;
}
