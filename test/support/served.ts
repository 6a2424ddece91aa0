// The HTTP face on a port of its own over a scenario, and a way to ask it.

import { type IncomingHttpHeaders, request } from 'node:http';
import { text } from 'node:stream/consumers';
import { onTestFinished } from 'vitest';
import { openHttp } from '#faces/http/server';
import { createLog } from '../../src/log.ts';
import { createScenario, type HandlerFunction } from './scenario.ts';

export interface Ask {
  method?: string;
  headers?: Record<string, string>;
  body?: unknown;
}

export type Row = Record<string, unknown>;

export interface Envelope {
  success: boolean;
  data: Row & Row[];
  error: Row;
}

export interface Answer {
  status: number;
  headers: IncomingHttpHeaders;
  body: Envelope;
}

export async function served(
  env: Record<string, string> = {},
  handlers: Record<string, HandlerFunction> = {},
) {
  const scenario = await createScenario({
    at: '2026-03-01T00:10:00Z',
    scheduler: 'timezone: UTC\njobs:\n  report: { handler: report, enabled: true, cron: "0 * * * *" }',
    handlers: { report: () => ({ pages: 3 }), ...handlers },
    env: { SCHEDULER_PORT: '0', ...env },
  });
  await scenario.start();
  await scenario.advanceTo('2026-03-01T01:10:00Z');
  const { clock, installed: installation, lines } = scenario;
  const log = createLog({
    clock,
    level: 'debug',
    pretty: false,
    sink: { write: (line) => lines.push(JSON.parse(line)) },
  });
  const face = await openHttp({ installation, clock, log });
  onTestFinished(() => face.close());
  const { port } = new URL(face.url);
  const ask = async (at: string, { method = 'GET', headers = {}, body }: Ask = {}) => {
    const { promise, resolve, reject } = Promise.withResolvers<Answer>();
    const target = at.startsWith('/api') ? at : `/api/v1/scheduler${at}`;
    const type = body === undefined ? {} : { 'content-type': 'application/json' };
    const sent = request(
      { host: '127.0.0.1', port, path: target, method, headers: { ...type, ...headers } },
      async (answer) =>
        resolve({
          status: answer.statusCode!,
          headers: answer.headers,
          body: JSON.parse(await text(answer)),
        }),
    );
    sent.on('error', reject);
    sent.end(typeof body === 'string' ? body : body && JSON.stringify(body));
    return await promise;
  };
  return { scenario, face, ask, port: Number(port), log, installation };
}
