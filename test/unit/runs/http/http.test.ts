// `http` against a real server: what is sent, what is expected, where it may go, and what is never said.

import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { describe, expect, it, onTestFinished } from 'vitest';
import { type Clock, systemClock } from '#core/clock';
import type { JobContext, JsonObject } from '#core/handler';
import type { HandlerHost } from '#core/programs';
import { isPrivateAddress } from '#runs/http/addresses';
import { type Network, systemResolve } from '#runs/http/hop';
import { httpHandler } from '#runs/http/http';
import { inputFault } from '#runs/input';
import { appConfig, jobContext } from '../../../support/job-context.ts';
import { createManualClock } from '../../../support/manual-clock.ts';

interface Asked {
  method: string;
  path: string;
  host: string;
  headers: IncomingMessage['headers'];
  body: string;
}

/** A server on loopback that remembers what it was asked. */
async function server(answer: (asked: Asked, response: ServerResponse) => void = (_, r) => r.end('fine\n')) {
  const asked: Asked[] = [];
  const running = createServer((request, response) => {
    let body = '';
    request.on('data', (chunk) => {
      body += chunk;
    });
    request.on('end', () => {
      const { method = '', url = '', headers } = request;
      const one = { method, path: url, host: headers.host ?? '', headers, body };
      asked.push(one);
      answer(one, response);
    });
  });
  await new Promise<void>((resolve) => running.listen(0, '127.0.0.1', resolve));
  onTestFinished(
    () =>
      new Promise<void>((resolve) => {
        running.close(() => resolve());
        running.closeAllConnections();
      }),
  );
  const { port } = running.address() as AddressInfo;
  return { asked, port, url: `http://127.0.0.1:${port}` };
}

const SYSTEM: Network = { resolve: systemResolve, isPrivate: isPrivateAddress };

function begin(
  input: JsonObject,
  over: { privateNetworks?: boolean; network?: Network; dryRun?: boolean; clock?: Clock } = {},
) {
  const aborter = new AbortController();
  const options = { input, config: appConfig(tmpdir()), stateDir: tmpdir(), signal: aborter.signal };
  const ctx = jobContext({ ...options, dryRun: over.dryRun ?? false });
  const lines: string[] = [];
  const host: HandlerHost = {
    log: { ...ctx.log, written: (_stream, line) => lines.push(line) },
    clock: over.clock ?? systemClock,
    ...{ environment: {}, projectDir: tmpdir(), exec: { programs: [], named: [] } },
    children: { onBegun: async () => {}, onGone: async () => {} },
    http: { privateNetworks: over.privateNetworks ?? true },
  };
  const work = async () => {
    const begun = httpHandler(over.network ?? SYSTEM).begin!(ctx as JobContext, host);
    return (await begun.result) as Record<string, unknown>;
  };
  return { result: work(), lines, aborter };
}

const refusal = (work: Promise<unknown>) =>
  work.then(
    () => null,
    (error: { code: string; message: string; fix: string; retryable?: boolean }) => error,
  );

describe('a request', () => {
  it('is a GET unless told otherwise; the answer is kept with the run, its status in the statistics', async () => {
    const { url, asked } = await server((_, response) => {
      response.setHeader('content-type', 'text/plain');
      response.end('one\ntwo\n');
    });
    const { result, lines } = begin({ url: `${url}/a?b=c` });
    expect(await result).toEqual({ success: true, status: 200, bytes: 8, redirects: 0 });
    expect(lines).toEqual(['one', 'two']);
    expect(asked).toMatchObject([{ method: 'GET', path: '/a?b=c', body: '' }]);
    expect(asked[0]!.headers).not.toHaveProperty('idempotency-key');
  });

  it('carries headers, a body as JSON or as text, who may, and the key of its slot', async () => {
    const { url, asked } = await server();
    const input = { url, method: 'POST', headers: { 'X-One': '1' }, bearer: 'abc', body: { n: 1 } };
    await begin(input).result;
    await begin({ url, method: 'PUT', body: 'text', basic: { user: 'ann', password: 'abc' } }).result;
    expect(asked[0]).toMatchObject({
      ...{ method: 'POST', body: '{"n":1}' },
      headers: {
        ...{ 'x-one': '1', authorization: 'Bearer abc', 'content-type': 'application/json' },
        ...{ 'content-length': '7', 'idempotency-key': 'test@0', 'user-agent': 'aclarai-scheduler' },
      },
    });
    expect(asked[1]).toMatchObject({
      ...{ method: 'PUT', body: 'text' },
      headers: { 'content-type': 'text/plain', authorization: `Basic ${btoa('ann:abc')}` },
    });
  });

  it.each<[number, JsonObject, object]>([
    [204, {}, { success: true, status: 204 }],
    [404, {}, { success: false, retryable: false, error: 'answered 404, expected 200 to 299' }],
    [404, { expected_status: 404 }, { success: true, status: 404 }],
    [200, { expected_status: [201, 202] }, { success: false, error: 'answered 200, expected 201 or 202' }],
    [429, {}, { success: false, retryable: true }],
    [503, {}, { success: false, retryable: true }],
    [304, {}, { success: false, status: 304 }],
  ])('that is answered %i, with %j', async (status, more, expected) => {
    const { url } = await server((_, response) => response.writeHead(status).end());
    expect(await begin({ url, ...more }).result).toMatchObject(expected);
  });

  it('of a flood reads so much and leaves the rest; of pictures it keeps nothing', async () => {
    const { url } = await server(({ path }, response) => {
      response.setHeader('content-type', path === '/text' ? 'text/plain' : 'image/png');
      if (path === '/picture') {
        response.end(Buffer.alloc(100));
        return;
      }
      const more = () => {
        while (response.write(Buffer.alloc(1 << 20, 'flood\n')));
      };
      response.on('drain', more);
      more();
    });
    const text = begin({ url: `${url}/text` });
    expect(await text.result).toMatchObject({ success: true, truncated: true });
    expect(text.lines.join('\n').length).toBeLessThanOrEqual(64 * 1024);
    const picture = begin({ url: `${url}/picture` });
    expect(await picture.result).toMatchObject({ bytes: 100 });
    expect(picture.lines).toEqual([]);
  });

  it('is not sent in a dry run', async () => {
    const { url, asked } = await server();
    expect(await begin({ url, method: 'DELETE' }, { dryRun: true }).result).toEqual({ dry_run: true });
    expect(asked).toEqual([]);
  });

  it('that nobody answers in time fails by its limit, and by the end of the run', async () => {
    const reached = Promise.withResolvers<void>();
    const { url } = await server(() => reached.resolve());
    const clock = createManualClock(0);
    const late = begin({ url, timeout: '5s' }, { clock });
    await reached.promise;
    const refused = refusal(late.result);
    await clock.advance(5_000);
    expect(await refused).toMatchObject({ code: 'EXECUTION_ERROR', message: 'no answer within 5 s' });
    const cancelled = begin({ url });
    cancelled.aborter.abort(new Error('cancelled'));
    await expect(cancelled.result).rejects.toThrow('cancelled');
  });

  it('to a server that is not there fails, names the host and not the address', async () => {
    const error = await refusal(begin({ url: 'http://127.0.0.1:1/hook/s3cret-path' }).result);
    expect(error).toMatchObject({ code: 'EXECUTION_ERROR' });
    expect(error!.message).toContain('127.0.0.1:1 failed: ECONNREFUSED');
    expect(error!.message).not.toContain('s3cret');
  });
});

describe('a redirect', () => {
  const HERE = 'http://here.example';
  const THERE = 'http://there.example';
  /** Both names lead to the server. */
  const both = { resolve: async () => [{ address: '127.0.0.1', family: 4 }], isPrivate: () => false };
  const pointing = (to: (port: number) => string, status = 302) =>
    server(({ path, host }, response) => {
      if (path !== '/from') return response.end();
      const port = Number(host.split(':')[1]);
      return response.writeHead(status, { location: to(port) }).end();
    });

  it('is followed, on the same server with all that it was sent', async () => {
    const { asked, port } = await pointing(() => '/to');
    const { result } = begin({ url: `${HERE}:${port}/from`, bearer: 'abc' }, { network: both });
    expect(await result).toMatchObject({ success: true, redirects: 1 });
    expect(asked[1]).toMatchObject({ path: '/to', headers: { authorization: 'Bearer abc' } });
  });

  it('to another server takes nothing along that may be secret', async () => {
    const { asked, port } = await pointing((at) => `${THERE}:${at}/to`);
    const input = { url: `${HERE}:${port}/from`, bearer: 'abc', headers: { 'X-Key': 'abc', Cookie: 'abc' } };
    await begin(input, { network: both }).result;
    expect(asked[1]).toMatchObject({ path: '/to', host: `there.example:${port}` });
    expect(JSON.stringify(asked[1])).not.toContain('abc');
  });

  it('of a POST becomes a GET without its body, or carries it on where the server says so', async () => {
    const seen = await pointing(() => '/to', 303);
    await begin({ url: `${HERE}:${seen.port}/from`, method: 'POST', body: 'x' }, { network: both }).result;
    expect(seen.asked[1]).toMatchObject({ method: 'GET', body: '' });
    const kept = await pointing(() => '/to', 307);
    await begin({ url: `${HERE}:${kept.port}/from`, method: 'POST', body: 'x' }, { network: both }).result;
    expect(kept.asked[1]).toMatchObject({ method: 'POST', body: 'x' });
  });

  it('with a body to another server, or to no web address, is not followed', async () => {
    const body = await pointing((at) => `${THERE}:${at}/to`, 307);
    const input = { url: `${HERE}:${body.port}/from`, method: 'POST', body: 'x' };
    expect(await refusal(begin(input, { network: both }).result)).toMatchObject({ retryable: false });
    const file = await pointing(() => 'file:///etc/passwd');
    const url = `${HERE}:${file.port}/from`;
    expect(await refusal(begin({ url }, { network: both }).result)).toMatchObject({ retryable: false });
    expect([body.asked.length, file.asked.length]).toEqual([1, 1]);
  });

  it('without end is left after so many', async () => {
    const { asked, port } = await pointing(() => '/from');
    const { result } = begin({ url: `${HERE}:${port}/from`, redirects: 3 }, { network: both });
    expect(await refusal(result)).toMatchObject({ message: 'more than 3 redirects' });
    expect(asked.length).toBe(4);
  });
});

describe('private networks', () => {
  it.each(['127.0.0.1', 'localhost', '[::1]', '0.0.0.0', '2130706433', '0x7f.1', '[::ffff:127.0.0.1]'])(
    '%s is not reached',
    async (name) => {
      const { port, asked } = await server();
      const url = `http://${name}:${port}/`;
      const error = await refusal(begin({ url }, { privateNetworks: false }).result);
      expect(error).toMatchObject({ code: 'FORBIDDEN', retryable: false });
      expect(error!.fix).toContain('scheduler.http.private_networks');
      expect(asked).toEqual([]);
    },
  );

  /** 127.0.0.1 stands for the internet here, 127.0.0.2 for a private address. */
  const network = (answers: Record<string, string[][]>): Network & { lookups: string[] } => {
    const lookups: string[] = [];
    return {
      lookups,
      isPrivate: (address) => address !== '127.0.0.1',
      async resolve(name) {
        const nth = lookups.filter((each) => each === name).length;
        lookups.push(name);
        const found = answers[name]!;
        return found[Math.min(nth, found.length - 1)]!.map((address) => ({ address, family: 4 }));
      },
    };
  };

  it('are not reached by a redirect', async () => {
    const { port, asked } = await server(({ host }, response) => {
      const at = host.split(':')[1];
      response.writeHead(302, { location: `http://inside.example:${at}/` }).end();
    });
    const net = network({ 'open.example': [['127.0.0.1']], 'inside.example': [['127.0.0.2']] });
    const url = `http://open.example:${port}/`;
    const error = await refusal(begin({ url }, { privateNetworks: false, network: net }).result);
    expect(error).toMatchObject({ code: 'FORBIDDEN' });
    expect(asked.length).toBe(1);
  });

  it('are not reached by a name that means something else a moment later', async () => {
    const { port, asked } = await server();
    const net = network({ 'open.example': [['127.0.0.1'], ['127.0.0.2']] });
    const url = `http://open.example:${port}/`;
    expect(await begin({ url }, { privateNetworks: false, network: net }).result).toMatchObject({
      success: true,
    });
    expect(net.lookups).toEqual(['open.example']);
    expect(asked).toMatchObject([{ host: `open.example:${port}` }]);
    const again = begin({ url }, { privateNetworks: false, network: net });
    expect(await refusal(again.result)).toMatchObject({ code: 'FORBIDDEN' });
  });

  it('of a name with several addresses only the open ones are connected to', async () => {
    const { port, asked } = await server();
    const net = network({ 'both.example': [['127.0.0.2', '127.0.0.1']] });
    const url = `http://both.example:${port}/`;
    await begin({ url }, { privateNetworks: false, network: net }).result;
    expect(asked.length).toBe(1);
  });
});

describe('its input as it is written', () => {
  const schema = httpHandler().info.input;
  const url = 'https://hooks.example/x';

  it.each<JsonObject>([
    { url },
    { url: '!ref:env:HOOK_URL' },
    { url, bearer: '!ref:env:API_TOKEN' },
    { url, basic: { user: 'ann', password: '!ref:env:PASSWORD' } },
    { url, headers: { 'X-Api-Key': '!ref:env:KEY', Accept: 'text/html' }, body: '!ref:storage_kv:report' },
    { url, method: 'POST', body: [1], expected_status: [200, 404], timeout: '1m', redirects: 0 },
  ])('%j is taken', (input) => {
    expect(inputFault(schema, input)).toBeNull();
  });

  it.each<[JsonObject, RegExp]>([
    [{}, /^url: /],
    [{ url: 'ftp://hooks.example' }, /^url: is an http or https address/],
    [{ url: 'https://ann:abc@hooks.example' }, /these go into `basic`/],
    [{ url, bearer: 'abc' }, /^bearer: is written as !ref:env:NAME/],
    [{ url, basic: { user: 'ann', password: 'abc' } }, /^basic\.password: is written as/],
    [{ url, headers: { Authorization: 'Bearer abc' } }, /^headers\.Authorization: is written as/],
    [{ url, headers: { 'x-api-key': 'abc' } }, /^headers\.x-api-key: is written as/],
    [{ url, headers: { Host: 'inside' } }, /Host/],
    [{ url, headers: { 'X-One': 'a\r\nX-Two: b' } }, /X-One/],
    [{ url, method: 'TRACE' }, /^method: /],
    [{ url, timeout: '2h' }, /^timeout: is a duration up to 1h/],
    [{ url, expected_status: 42 }, /^expected_status: /],
    [{ url, proxy: 'x' }, /proxy/],
  ])('%j is refused', (input, fault) => {
    expect(inputFault(schema, input)).toMatch(fault);
  });

  it('a reference that stands for nothing sends nothing', async () => {
    const { url: there, asked } = await server();
    const error = await refusal(begin({ url: there, bearer: '<undefined:!ref:env:NOWHERE>' }).result);
    expect(error).toMatchObject({ code: 'INVALID_PARAMETERS', retryable: false });
    expect(error!.message).toBe('!ref:env:NOWHERE stands for nothing');
    expect(asked).toEqual([]);
  });

  it('what a reference named is not said where it does not fit', async () => {
    const error = await refusal(begin({ url: 'no-address-but-s3cret' }).result);
    expect(error).toMatchObject({ code: 'INVALID_PARAMETERS' });
    expect(error!.message).not.toContain('s3cret');
  });
});
