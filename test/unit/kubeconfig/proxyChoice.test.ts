import { describe, expect, it } from 'vitest';
import { chooseProxy } from '../../../src/kube/proxyChoice.ts';

const PROXY = 'http://proxy.example:3128';
const isProxied = (server: string, noProxy: string) =>
  chooseProxy(new URL(server), undefined, { HTTPS_PROXY: PROXY, NO_PROXY: noProxy }) !== undefined;

describe('NO_PROXY, as in golang.org/x/net/http/httpproxy', () => {
  // The cases of its TestUseProxy, and those in its documentation.
  const NO_PROXY =
    'foobar.com, .barbaz.net, *.quux.dev, 192.168.1.1, 192.168.1.2:81, 192.168.1.3:80, 10.0.0.0/30, 2001:db8::52:0:1, [2001:db8::52:0:2]:443, [2001:db8::52:0:3]:80, 2002:db8:a::45/64, port.org:8443';
  it.each([
    ['localhost', false],
    ['127.0.0.1', false],
    ['127.0.0.2', false],
    ['[::1]', false],
    ['[::2]', true],
    ['192.168.1.1', false],
    ['192.168.1.2', true],
    ['192.168.1.2:81', false],
    ['192.168.1.3', true],
    ['192.168.1.3:80', false],
    ['192.168.1.4', true],
    ['10.0.0.0', false],
    ['10.0.0.2', false],
    ['10.0.0.3', false],
    ['10.0.0.4', true],
    ['[2001:db8::52:0:0]', true],
    ['[2001:db8::52:0:1]', false],
    ['[2001:db8::52:0:2]', false],
    ['[2001:db8::52:0:2]:123', true],
    ['[2001:db8::52:0:3]', true],
    ['[2001:db8::52:0:3]:80', false],
    ['[2002:db8:a::123]', false],
    ['[fe80::424b:c8be:1643:a1b6]', true],
    ['barbaz.net', true],
    ['www.barbaz.net', false],
    ['foobar.com', false],
    ['FOOBAR.com', false],
    ['www.foobar.com', false],
    ['foofoobar.com', true],
    ['baz.com', true],
    ['localhost.net', true],
    ['local.localhost', true],
    ['barbarbaz.net', true],
    ['quux.dev', true],
    ['a.quux.dev', false],
    ['port.org', true],
    ['a.port.org:8443', false],
  ])('%s is proxied: %s', (host, proxied) => {
    expect(isProxied(`https://${host}`, NO_PROXY)).toBe(proxied);
  });

  it.each([
    ['*', false],
    [' x , * ', false],
    ['', true],
    [',,', true],
    [':80', true],
    [':443', true],
    ['10.0.0.0/40', true],
    ['10.0.0.0/8/8', true],
    ['*example', true],
    ['api.example:443', false],
    ['API.EXAMPLE', false],
  ])('%j: api.example is proxied: %s', (noProxy, proxied) => {
    expect(isProxied('https://api.example', noProxy)).toBe(proxied);
  });
});

describe('the proxy', () => {
  const server = new URL('https://api.example:6443');
  it.each<[NodeJS.ProcessEnv, string | undefined]>([
    [{}, undefined],
    [{ HTTPS_PROXY: PROXY }, `${PROXY}/`],
    [{ https_proxy: PROXY }, `${PROXY}/`],
    [{ HTTPS_PROXY: PROXY, https_proxy: 'http://other' }, `${PROXY}/`],
    [{ HTTPS_PROXY: 'proxy.example:3128' }, `${PROXY}/`],
    [{ HTTPS_PROXY: 'proxy.example' }, 'http://proxy.example/'],
    [{ HTTPS_PROXY: 'socks5://p:1080' }, 'socks5://p:1080'],
    [{ HTTP_PROXY: PROXY, ALL_PROXY: PROXY }, undefined],
    [{ HTTPS_PROXY: PROXY, NO_PROXY: 'x', no_proxy: '*' }, `${PROXY}/`],
    [{ HTTPS_PROXY: PROXY, no_proxy: '*' }, undefined],
  ])('%j', (env, proxy) => {
    expect(chooseProxy(server, undefined, env)?.href).toBe(proxy);
  });

  it('has a separate variable for servers without TLS', () => {
    const plain = new URL('http://api.example');
    expect(chooseProxy(plain, undefined, { HTTPS_PROXY: PROXY })).toBe(undefined);
    expect(chooseProxy(plain, undefined, { http_proxy: PROXY })?.host).toBe('proxy.example:3128');
    expect(chooseProxy(plain, undefined, { http_proxy: PROXY, NO_PROXY: 'api.example:80' })).toBe(
      undefined,
    );
  });

  it('of the kubeconfig overrides all variables', () => {
    const env = { HTTPS_PROXY: 'http://other', NO_PROXY: '*' };
    const here = new URL('https://127.0.0.1');
    expect(chooseProxy(here, PROXY, env)?.href).toBe(`${PROXY}/`);
  });
});
