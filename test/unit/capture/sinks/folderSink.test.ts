import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { FolderSink } from '../../../../src/capture/sinks/folderSink.ts';
import { targetNames } from '../../../../src/kube/targets/resolvedTarget.ts';
import { podWith } from '../../debugger/pods.ts';
import { pcapHeader } from '../fakePod.ts';

it('a folder has one file for each pod and node, and another one for a pod that is replaced', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'netdebug-folder-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const pod = (namespace: string, name: string) => ({
    pod: podWith({ metadata: { namespace, name } }),
  });
  const targets = [
    pod('shop', 'db-0'),
    pod('data', 'db-0'),
    { node: 'worker-1', namespace: 'shop' },
  ];
  const sink = new FolderSink(folder, false, targetNames(targets));
  for (const target of [...targets, pod('shop', 'db-0')]) {
    const { output } = await sink.open(target);
    await output.write(pcapHeader());
    await output.close();
  }
  expect(readdirSync(folder).sort()).toEqual([
    ...['data_db-0.pcap', 'node_worker-1.pcap', 'shop_db-0-2.pcap', 'shop_db-0.pcap'],
  ]);
});
