import { afterEach, beforeAll, describe, expect, it, onTestFinished, vi } from 'vitest';
import { type AdditionSources, watchAdditions } from '../../../../src/capture/live/additions.ts';
import { Clients } from '../../../../src/capture/live/clients.ts';
import type { TargetSink } from '../../../../src/capture/sinks/sink.ts';
import {
  allOf,
  renderCaptureFilter,
  expression as written,
} from '../../../../src/filters/capture/captureFilter.ts';
import type { Pod } from '../../../../src/kube/pod.ts';
import { peerTerms, withPeerTerms } from '../../../../src/kube/targets/peers.ts';
import type { Notice } from '../../../../src/notice.ts';
import { localApi, NAMESPACE, peerOf, targetsOf, template } from '../../kube/targets/localApi.ts';
import { pcap, callTo as syn } from './calls.ts';

const local = localApi();
const CONTAINERS = { containers: [{ name: 'main', image: 'nginx:1.27' }] };
const TIME = { interval: 50 };

let end = new AbortController();
afterEach(() => {
  end.abort();
  end = new AbortController();
});

async function running(namespace: string, name: string): Promise<Pod> {
  const api = await local.api('admin');
  return vi.waitFor(async () => {
    const pod = await api.get<Pod>(`/api/v1/namespaces/${namespace}/pods/${name}`);
    expect(pod.status?.podIP).toBeDefined();
    return pod;
  }, TIME);
}

/** What has joined until now, one line each. */
async function joins(sources: AdditionSources, pods: readonly Pod[], own?: string) {
  const api = await local.api();
  const lines: string[] = [];
  const terms = sources.peers ? await peerTerms(api, sources.peers) : [];
  const options = {
    pods,
    peerTerms: terms,
    ownFilter: own === undefined ? allOf([]) : written(own),
    onNote: ({ text }: Notice) => lines.push(text),
  };
  const { signal } = end;
  void (async () => {
    for await (const { pod, filter, text } of watchAdditions(api, sources, options, signal))
      lines.push(`${pod?.metadata.name ?? 'all'}: ${text} [${renderCaptureFilter(filter)}]`);
  })().catch((error: unknown) => {
    if (!signal.aborted) lines.push(`error ${error}`);
  });
  return { lines, terms };
}

describe('peers', () => {
  beforeAll(async () => {
    const selector = { matchLabels: { app: 'db' } };
    await local.create('Deployment', 'db', { replicas: 1, selector, template: template('db') });
    await local.create('Service', 'db', { selector: { app: 'db' }, ports: [{ port: 5432 }] });
    const api = await local.api();
    await vi.waitFor(
      async () => expect(await peerTerms(api, [peerOf('svc/db')])).toHaveLength(2),
      TIME,
    );
  });

  it('that get new addresses: only those are added; a pod that joins later gets all addresses', async () => {
    const peers = [peerOf('svc/db')];
    const targets = targetsOf(['deploy/late']);
    const selector = { matchLabels: { app: 'late' } };
    await local.create('Deployment', 'late', { replicas: 0, selector, template: template('late') });
    const { lines, terms } = await joins({ peers, targets }, [], 'tcp');
    await local.patch('Deployment', 'db', { spec: { replicas: 2 } });
    await vi.waitFor(() => expect(lines).toHaveLength(1), TIME);
    const [, added = ''] = /^all: .*?\b(host [\d.]+)/.exec(lines[0] ?? '') ?? [];
    expect(terms).not.toContain(added);
    const only = `(tcp) and ${added} and not (${terms.join(' or ')})`;
    expect(lines[0]?.endsWith(`[${only}]`), lines[0]).toBe(true);
    await local.patch('Deployment', 'late', { spec: { replicas: 1 } });
    await vi.waitFor(() => expect(lines).toHaveLength(2), TIME);
    expect(lines[1]).toMatch(/^late-\S+: /);
    const all = renderCaptureFilter(withPeerTerms([...terms, added], written('tcp')));
    expect(lines[1]?.endsWith(`[${all}]`), lines[1]).toBe(true);
  });
});

describe('clients', () => {
  let web: Pod;
  let near: Pod;
  let far: Pod;
  beforeAll(async () => {
    await local.create('Pod', 'web', CONTAINERS);
    await local.create('Pod', 'near', CONTAINERS);
    await local.create('Pod', 'far', CONTAINERS, { namespace: 'other' });
    [web, near, far] = await Promise.all([
      running(NAMESPACE, 'web'),
      running(NAMESPACE, 'near'),
      running('other', 'far'),
    ]);
  });

  /** A sink that keeps what it receives. */
  function sink() {
    const kept: Buffer[] = [];
    const inner: TargetSink = {
      output: { write: async (chunk) => void kept.push(chunk), close: async () => {} },
      end: () => {},
    };
    return { kept, inner };
  }

  const address = (pod: Pod) => pod.status?.podIP ?? '';

  it('are calling pods in any namespace, reported once; the packets are passed on unchanged', async () => {
    const clients = new Clients(await local.api(), NAMESPACE, () => {});
    const { lines } = await joins({ clients }, [web]);
    const { kept, inner } = sink();
    const stream = Buffer.concat([
      pcap(),
      syn(address(web), address(near)),
      syn(address(near), address(web)),
      syn(address(near), address(web)),
      syn(address(far), address(web)),
    ]);
    const { output } = clients.watchSink({ pod: web }, inner);
    for (let at = 0; at < stream.length; at += 7) await output.write(stream.subarray(at, at + 7));
    await vi.waitFor(() => expect(lines).toHaveLength(2), TIME);
    expect(lines.toSorted()).toEqual([
      'far: joins the capture: it is a client of web [undefined]',
      'near: joins the capture: it is a client of web [undefined]',
    ]);
    expect(Buffer.concat(kept).equals(stream)).toBe(true);
  });

  it('that call again and again are reported once, even after their capture ended', async () => {
    const clients = new Clients(await local.api(), NAMESPACE, () => {});
    const { lines } = await joins({ clients }, [web]);
    const { output } = clients.watchSink({ pod: web }, sink().inner);
    await output.write(Buffer.concat([pcap(), syn(address(near), address(web))]));
    await vi.waitFor(() => expect(lines).toHaveLength(1), TIME);
    const later = performance.now() + 3_600_000;
    const clock = vi.spyOn(performance, 'now').mockReturnValue(later);
    onTestFinished(() => clock.mockRestore());
    await output.write(
      Buffer.concat([syn(address(near), address(web)), syn(address(far), address(web))]),
    );
    await vi.waitFor(() => expect(lines.at(-1)).toMatch(/^far/), TIME);
    expect(lines).toHaveLength(2);
  });

  it('that are not pods are reported, but only the first few', async () => {
    const notes: Notice[] = [];
    const clients = new Clients(await local.api(), NAMESPACE, (notice) => notes.push(notice));
    const { lines } = await joins({ clients }, [web]);
    const { output } = clients.watchSink({ pod: web }, sink().inner);
    const strangers = [1, 2, 3, 4, 5].map((last) => syn(`192.0.2.${last}`, address(web)));
    await output.write(Buffer.concat([pcap(), ...strangers, syn(address(near), address(web))]));
    await vi.waitFor(() => expect(notes).toHaveLength(3), TIME);
    await vi.waitFor(() => expect(lines).toHaveLength(1), TIME);
    expect(notes.map(({ kind }) => kind)).toEqual(Array(3).fill('client-unknown'));
    expect(notes[0]?.text).toMatch(/ 192.0.2.\d .* web/);
  });

  it('are found in their own namespace by users who may not list pods elsewhere', async () => {
    const notes: Notice[] = [];
    await local.create('Pod', 'at-home', CONTAINERS, { namespace: 'default' });
    const home = await running('default', 'at-home');
    const api = await local.api('debugger-default', 'default');
    const clients = new Clients(api, 'default', (notice) => notes.push(notice));
    const { lines } = await joins({ clients }, [web]);
    const { output } = clients.watchSink({ pod: web }, sink().inner);
    const calls = [home, near].map((pod) => syn(address(pod), address(web)));
    await output.write(Buffer.concat([pcap(), ...calls]));
    await vi.waitFor(() => expect(lines).toHaveLength(1), TIME);
    expect(lines[0]).toMatch(/^at-home: joins/);
    expect(notes.map(({ kind }) => kind)).toEqual(['client-unknown']);
  });

  it('leave the error about a damaged stream to the sink', async () => {
    const clients = new Clients(await local.api(), NAMESPACE, () => {});
    const { kept, inner } = sink();
    const { output } = clients.watchSink({ pod: web }, inner);
    await output.write(Buffer.from('no packets at all'));
    await output.write(Buffer.from('and no more'));
    expect(kept).toHaveLength(2);
  });
});
