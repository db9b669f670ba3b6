import { describe, expect, it } from 'vitest';
import { explainRefusal } from '../../src/debugger/refusals.ts';
import { ApiError, connectionProblem } from '../../src/kube/apiError.ts';
import { Problem, wrongUsage } from '../../src/problem.ts';

describe('the kind of a Problem', () => {
  it('is usage with exit code 2', () => {
    expect(wrongUsage('no').kind).toBe('usage');
  });

  it('is that of the Problem that caused it, unless it has its own', () => {
    const cause = new Problem('no', { kind: 'disk-full' });
    expect(new Problem('because', { cause }).kind).toBe('disk-full');
    expect(new Problem('because', { cause, exitCode: 2 }).kind).toBe('disk-full');
    expect(new Problem('because', { cause, kind: 'lost' }).kind).toBe('lost');
    expect(new Problem('because', { cause: new Error('no') }).kind).toBe('failed');
  });

  it.for([
    [401, 'Unauthorized', 'unauthenticated'],
    [403, 'pods is forbidden: User "x" cannot list resource "pods"', 'forbidden'],
    [403, 'pods "x" is forbidden: violates PodSecurity "restricted:latest": y', 'denied'],
    [400, 'admission webhook "w.example.com" denied the request: no', 'denied'],
    [404, 'pods "x" not found', 'not-found'],
    [400, 'unable to parse requirement', 'invalid'],
    [409, 'the object has been modified', 'conflict'],
    [429, 'too many requests', 'unreachable'],
    [503, 'the server is currently unable to handle the request', 'unreachable'],
    [422, 'is invalid', 'invalid'],
  ] as const)(
    'of the answer %i "%s" is %s, with or without an explanation',
    ([code, message, kind]) => {
      const error = new ApiError(code, 'Reason', message, { namespace: 'shop' });
      expect(error.kind).toBe(kind);
      expect(explainRefusal(error)).toHaveProperty('kind', kind);
    },
  );

  it('of an unreachable server is unreachable', () => {
    const refused = Object.assign(new Error('connect'), { code: 'ECONNREFUSED' });
    expect(connectionProblem(new URL('https://h:1'), refused).kind).toBe('unreachable');
  });

  it.each(['SELF_SIGNED_CERT_IN_CHAIN', 'ERR_TLS_CERT_ALTNAME_INVALID', 'CERT_HAS_EXPIRED'])(
    'of a server whose certificate is refused (%s) is untrusted',
    (code) => {
      const refused = Object.assign(new Error('no'), { code });
      expect(connectionProblem(new URL('https://h:1'), refused).kind).toBe('untrusted');
    },
  );

  it('of an object that exists is exists', () => {
    expect(new ApiError(409, 'AlreadyExists', 'pods "x" already exists').kind).toBe('exists');
  });
});
