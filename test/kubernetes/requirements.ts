import { existsSync } from 'node:fs';
import { findHostProgram } from '../cluster/images/hostPrograms.ts';
import { whyNoClusterHere } from '../cluster/requirements.ts';
import { type Binaries, whyNoBuild } from './binaries.ts';

/** Why this machine cannot run a real Kubernetes. Undefined if it can. */
export async function whyNoKubernetesHere(binaries: Binaries): Promise<string | undefined> {
  const obstacle = await whyNoClusterHere();
  if (obstacle) return obstacle;
  if (!(await findHostProgram('iptables')))
    return 'it needs iptables; on Debian: apt-get install --no-install-recommends iptables';
  if (existsSync('/sys/fs/cgroup/cgroup.controllers'))
    return 'its nodes are made for control groups of version 1, and this machine has version 2';
  return binaries.areBuilt ? undefined : whyNoBuild();
}
