import { execFileSync } from 'node:child_process';
import { beforeAll, describe, expect, it, vi } from 'vitest';
import {
  allOf,
  renderCaptureFilter,
  expression as written,
} from '../../../../src/filters/capture/captureFilter.ts';
import { parseNetwork } from '../../../../src/filters/network.ts';
import { parsePeer, peerTerms, withPeerTerms } from '../../../../src/kube/targets/peers.ts';
import { Problem } from '../../../../src/problem.ts';
import { localApi, peerOf, template } from './localApi.ts';

const local = localApi();

async function expression(words: string[], user = 'admin') {
  const terms = await peerTerms(await local.api(user), words.map(peerOf));
  return renderCaptureFilter(withPeerTerms(terms, allOf([]))) ?? '';
}

/** Whether libpcap compiles it. */
function compiles(text: string): boolean {
  return execFileSync('tcpdump', ['-y', 'EN10MB', '-d', '--', text], { stdio: 'pipe' }).length > 0;
}

describe('peers', () => {
  beforeAll(async () => {
    await local.create('Deployment', 'web', {
      replicas: 2,
      selector: { matchLabels: { app: 'web' } },
      template: template('web'),
    });
    await local.create('Service', 'web', {
      clusterIP: '10.96.0.80',
      selector: { app: 'web' },
      ports: [{ port: 80 }],
    });
    await local.create('Service', 'empty', {
      clusterIP: 'None',
      selector: { app: 'nothing' },
      ports: [{ port: 80 }],
    });
    await vi.waitFor(async () =>
      expect((await expression(['svc/web'])).split(' or ')).toHaveLength(3),
    );
  });

  it.each([
    ['10.1.2.3', 'host 10.1.2.3'],
    ['fd00::1', 'host fd00::1'],
    ['10.1.2.3/16', 'net 10.1.0.0/16'],
    ['0.0.0.0/0', 'net 0.0.0.0/0'],
    ['10.1.2.3/32', 'net 10.1.2.3/32'],
    ['192.168.77.255/27', 'net 192.168.77.224/27'],
    ['fd00:1:2:3::5/56', 'net fd00:1:2::/56'],
    ['::ffff:10.0.0.1/120', 'net ::ffff:a00:0/120'],
    ['node/node-1', 'host 192.0.2.1'],
  ])('%s becomes %s, which libpcap accepts', async (word, text) => {
    expect(await expression([word])).toBe(text);
    expect(compiles(text)).toBe(true);
  });

  it('of a service are its own address and those of its endpoints, also for users who may not list those', async () => {
    const text = await expression(['svc/web']);
    expect(text).toMatch(/^host 10\.244\.7\.\d+ or host 10\.244\.7\.\d+ or host 10\.96\.0\.80$/);
    expect(await expression(['svc/web'], 'debugger')).toBe(text);
    expect(await expression(['deploy/web', '10.96.0.80'])).toBe(text);
    const filter = withPeerTerms(text.split(' or '), written('tcp or udp'));
    const both = renderCaptureFilter(filter) ?? '';
    expect(both).toBe(`(tcp or udp) and (${text})`);
    expect(compiles(both)).toBe(true);
    expect(renderCaptureFilter(withPeerTerms([], written('tcp')))).toBe('tcp');
  });

  it('without an address are a Problem', async () => {
    const error = await expression(['svc/empty']).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(Problem);
    expect(error).toMatchObject({
      kind: 'not-found',
      message: expect.stringContaining('service/empty'),
    });
  });

  it.each(['10.1.2', '10.1.2.3/33', '10.1.2.3/', 'fe80::1%eth0', '10.1.2.3 or port 1', 'x y'])(
    '%j is a usage error',
    (word) => {
      expect(() => parsePeer(word)).toThrow(expect.objectContaining({ exitCode: 2 }));
    },
  );

  it('of networks have the form that libpcap accepts', () => {
    for (let bits = 0; bits <= 128; bits += 1) {
      const text = parseNetwork(`fdff:eedd:ccbb:aa99:8877:6655:4433:2211/${bits}`) ?? '';
      expect(compiles(`net ${text}`), text).toBe(true);
    }
  });
});
