// Who is let in: loopback by its own name, anybody else by a token, and no page of another origin.

import { describe, expect, test } from 'vitest';
import { type Introduction, identify, isLoopback, refuseBeyondScope } from '#faces/http/access';

const LOCAL: Introduction = {
  address: '127.0.0.1',
  host: 'localhost:8787',
  origin: undefined,
  authorization: undefined,
};
const TOKENS = [
  { name: 'grafana', scope: 'read', secret: 'see-only' },
  { name: 'anna', scope: 'write', secret: 'may-change' },
] as const;

describe('without tokens', () => {
  test.each([
    [{}],
    [{ host: '127.0.0.1:8787' }],
    [{ host: '[::1]:8787', address: '::1' }],
    [{ address: '::ffff:127.0.0.1' }],
    [{ origin: 'http://localhost:8787' }],
  ])('this machine is admin: %j', (given) => {
    expect(identify({ ...LOCAL, ...given }, [])).toMatchObject({ scope: 'admin' });
  });

  test.each([
    [{ address: '10.0.0.7' }],
    [{ host: 'rebound.example:8787' }],
    [{ host: '127.0.0.1.evil.example' }],
    [{ host: 'localhost@evil.example' }],
    [{ host: undefined }],
    [{ origin: 'http://evil.example' }],
    [{ origin: 'http://localhost:3000' }],
    [{ origin: 'null' }],
  ])('refused: %j', (given) => {
    expect(() => identify({ ...LOCAL, ...given }, [])).toThrow(
      expect.objectContaining({ code: 'FORBIDDEN' }),
    );
  });
});

describe('with tokens', () => {
  test('the token says who it is and what it may', () => {
    const caller = identify({ ...LOCAL, address: '10.0.0.7', authorization: 'Bearer may-change' }, TOKENS);
    expect(caller).toEqual({ by: 'api:anna@10.0.0.7', token: 'anna', scope: 'write' });
    for (const effect of ['read', 'run', 'write'] as const) refuseBeyondScope(caller, effect);
    expect(() => refuseBeyondScope(caller, 'admin')).toThrow(expect.objectContaining({ code: 'FORBIDDEN' }));
  });

  test.each([[undefined], ['Bearer '], ['Bearer may-chang'], ['Bearer may-change2'], ['Basic may-change']])(
    'not even this machine without one: %j',
    (authorization) => {
      expect(() => identify({ ...LOCAL, authorization }, TOKENS)).toThrow(
        expect.objectContaining({ code: 'UNAUTHENTICATED' }),
      );
    },
  );
});

test.each([
  ['localhost', true],
  ['127.9.9.9', true],
  ['::1', true],
  ['0.0.0.0', false],
  ['::', false],
  ['', false],
  ['localhost.evil.example', false],
])('%s is loopback: %s', (name, is) => expect(isLoopback(name)).toBe(is));
