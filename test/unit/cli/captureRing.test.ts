import { setTimeout as wait } from 'node:timers/promises';
import { afterEach, describe, expect, it, vi } from 'vitest';
import type { Manifest } from '../../../src/capture/manifest.ts';
import type { RingRecording } from '../../../src/capture/ring/recordRing.ts';
import { captureRing } from '../../../src/cli/captureRing.ts';
import { Interrupted } from '../../../src/cli/interruption.ts';
import type { KubeApi } from '../../../src/kube/api.ts';
import type { ResolvedTarget } from '../../../src/kube/targets/resolvedTarget.ts';
import { Problem } from '../../../src/problem.ts';
import { podWith } from '../debugger/pods.ts';

type Act = (recording: RingRecording) => Promise<Manifest>;
const acts = new Map<string, Act>();
vi.mock('../../../src/capture/ring/recordRing.ts', () => ({
  recordRing: (_: KubeApi, { pod }: ResolvedTarget, recording: RingRecording) =>
    acts.get(pod?.metadata.name ?? '')?.(recording),
}));

const MANIFEST = { files: [], gaps: [], interruptions: [] } as unknown as Manifest;

afterEach(() => {
  acts.clear();
  vi.restoreAllMocks();
});

/** Records rings in pods that do this, until they are asked to end. */
async function ring(does: Readonly<Record<string, Act>>) {
  for (const [name, act] of Object.entries(does)) acts.set(name, act);
  const output: string[] = [];
  vi.spyOn(process.stderr, 'write').mockImplementation((chunk) => {
    output.push(String(chunk));
    return true;
  });
  const interrupt = new AbortController();
  const request = { folder: 'rings' } as Parameters<typeof captureRing>[2];
  const ended = captureRing(
    {} as KubeApi,
    Object.keys(does).map((name) => ({ pod: podWith({ metadata: { name } }) })),
    request,
    { signal: interrupt.signal, abandon: new AbortController().signal, release: () => {} },
  ).catch((error: unknown) => error);
  interrupt.abort(new Interrupted());
  return { code: await ended, output: output.join('') };
}

/** It is still being started. */
const starts: Act = async ({ interrupt }) => {
  await wait(60_000, undefined, { signal: interrupt });
  return MANIFEST;
};
const copies: Act = async () => {
  await wait(50);
  return MANIFEST;
};
const fails: Act = async () => {
  throw new Problem('no room', { kind: 'no-room' });
};

describe('rings of several pods', () => {
  it('that record are copied, even if another one has not begun by the end', async () => {
    const { code, output } = await ring({ slow: starts, web: copies });
    expect(code).toBe(0);
    expect(output).toMatch(/^web: 0 files/m);
  });

  it('count as interrupted if none had begun, and as failed if one failed', async () => {
    expect((await ring({ slow: starts, other: starts })).code).toMatchObject({
      cause: expect.any(Interrupted),
    });
    const { code, output } = await ring({ slow: starts, bad: fails, web: copies });
    expect(code).toBe(1);
    expect(output).toMatch(/^bad: .*no room\n[\s\S]*^web: 0 /m);
  });

  it('stay in the folder, whatever the names of the pods', async () => {
    const folders: string[] = [];
    const tells: Act = async ({ folder }) => {
      folders.push(folder);
      return MANIFEST;
    };
    await ring({ '../../etc': tells, '..': tells, 'web-1.x': tells });
    expect(folders).toEqual(['rings/__.._etc', 'rings/_', 'rings/web-1.x']);
  });
});
