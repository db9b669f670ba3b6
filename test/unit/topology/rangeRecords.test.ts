import { describe, expect, it } from 'vitest';
import {
  azureRanges,
  calicoBlockRanges,
  calicoPoolRanges,
  ciliumNodeRanges,
  ciliumPoolRanges,
  ciliumRanges,
  controlPlaneRanges,
  flannelRanges,
  k3sRanges,
  kubeadmRanges,
  kubeProxyRanges,
  openShiftRanges,
  refusedServiceRanges,
  serviceCidrRanges,
} from '../../../src/topology/collect/rangeRecords.ts';

const cidrs = (ranges: readonly { use: string; cidr: string; nodeMask?: number }[]) =>
  ranges.map(({ use, cidr, nodeMask }) => [use, cidr, nodeMask]);

describe('ranges are read from', () => {
  it('arguments of the control plane, with masks by family', () => {
    const spec = {
      containers: [
        {
          name: 'kube-controller-manager',
          command: [
            'kube-controller-manager',
            '--cluster-cidr=10.244.0.0/16,fd00:10:244::/56',
            '--node-cidr-mask-size-ipv4=25',
            '--service-cluster-ip-range',
            '10.96.0.0/16',
          ],
        },
      ],
    };
    expect(cidrs(controlPlaneRanges({ spec }))).toEqual([
      ['pods', '10.244.0.0/16', 25],
      ['pods', 'fd00:10:244::/56', undefined],
      ['services', '10.96.0.0/16', undefined],
    ]);
  });

  it('the annotation of a k3s server', () => {
    const args = '["server","--cluster-cidr","10.42.0.0/16","--service-cidr=10.43.0.0/16"]';
    const metadata = { annotations: { 'k3s.io/node-args': args } };
    expect(cidrs(k3sRanges({ metadata }))).toEqual([
      ['pods', '10.42.0.0/16', undefined],
      ['services', '10.43.0.0/16', undefined],
    ]);
    expect(k3sRanges({ metadata: { annotations: { 'k3s.io/node-args': '{' } } })).toEqual([]);
  });

  it('ConfigMaps', () => {
    const kubeadm = 'networking:\n  podSubnet: 10.244.0.0/16\n  serviceSubnet: "10.96.0.0/12"\n';
    expect(cidrs(kubeadmRanges({ data: { ClusterConfiguration: kubeadm } }))).toEqual([
      ['pods', '10.244.0.0/16', undefined],
      ['services', '10.96.0.0/12', undefined],
    ]);
    const proxy = 'apiVersion: x\nclusterCIDR: ""\nmode: ""\n';
    expect(kubeProxyRanges({ data: { 'config.conf': proxy } })).toEqual([]);
    const flannel = '{"Network": "10.244.0.0/16", "SubnetLen": 25, "Backend": {"Type": "vxlan"}}';
    expect(cidrs(flannelRanges({ data: { 'net-conf.json': flannel } }))).toEqual([
      ['pods', '10.244.0.0/16', 25],
    ]);
    const cilium = {
      ipam: 'cluster-pool',
      'cluster-pool-ipv4-cidr': '10.0.0.0/8 172.20.0.0/16',
      'cluster-pool-ipv4-mask-size': '24',
    };
    expect(cidrs(ciliumRanges({ data: cilium }))).toEqual([
      ['pods', '10.0.0.0/8', 24],
      ['pods', '172.20.0.0/16', 24],
    ]);
    expect(ciliumRanges({ data: { ...cilium, ipam: 'kubernetes' } })).toEqual([]);
  });

  it('pools of Cilium and subnets of Azure', () => {
    // As in Cilium's and Azure's own documents and definitions.
    const pool = {
      metadata: { name: 'green' },
      spec: {
        ipv4: { cidrs: ['10.20.0.0/16', '10.30.0.0/16'], maskSize: 24 },
        ipv6: { cidrs: ['fd00::/104'], maskSize: 120 },
      },
    };
    expect(cidrs(ciliumPoolRanges(pool))).toEqual([
      ['pods', '10.20.0.0/16', 24],
      ['pods', '10.30.0.0/16', 24],
      ['pods', 'fd00::/104', 120],
    ]);
    const allocated = [{ pool: 'green', cidrs: ['10.20.1.0/24', '10.20.9.0/24'] }];
    expect(
      ciliumNodeRanges({ metadata: { name: 'node-a' }, spec: { ipam: { pools: { allocated } } } }),
    ).toMatchObject([
      { cidr: '10.20.1.0/24', node: 'node-a', blocks: true },
      { cidr: '10.20.9.0/24', node: 'node-a', blocks: true },
    ]);
    const networkContainers = [{ subnetName: 'pods', subnetAddressSpace: '10.241.0.0/16' }];
    expect(azureRanges({ status: { networkContainers } })).toEqual([
      { use: 'pods', cidr: '10.241.0.0/16', source: 'NodeNetworkConfig, subnet pods' },
    ]);
    for (const broken of [
      undefined,
      {},
      { spec: { ipv4: 5 } },
      { status: { networkContainers: 'x' } },
    ])
      expect([...ciliumPoolRanges(broken), ...azureRanges(broken)]).toEqual([]);
  });

  it('resources of network plugins and of OpenShift', () => {
    const metadata = { name: 'one' };
    expect(
      cidrs(calicoPoolRanges({ metadata, spec: { cidr: '192.168.0.0/16', blockSize: 26 } })),
    ).toEqual([['pods', '192.168.0.0/16', 26]]);
    expect(calicoPoolRanges({ metadata, spec: { cidr: '10.0.0.0/8', disabled: true } })).toEqual(
      [],
    );
    expect(
      calicoBlockRanges({ spec: { cidr: '192.168.1.0/26', node: 'node-1', deleted: 'false' } }),
    ).toEqual([
      {
        use: 'pods',
        cidr: '192.168.1.0/26',
        source: 'BlockAffinity',
        node: 'node-1',
        blocks: true,
      },
    ]);
    expect(
      ciliumNodeRanges({ metadata, spec: { ipam: { podCIDRs: ['10.0.1.0/24'] } } }),
    ).toMatchObject([{ cidr: '10.0.1.0/24', node: 'one' }]);
    const network = {
      clusterNetwork: [{ cidr: '10.128.0.0/14', hostPrefix: 23 }],
      serviceNetwork: ['172.30.0.0/16'],
    };
    expect(cidrs(openShiftRanges({ spec: network }))).toEqual([
      ['pods', '10.128.0.0/14', 23],
      ['services', '172.30.0.0/16', undefined],
    ]);
    expect(cidrs(serviceCidrRanges({ metadata, spec: { cidrs: ['10.96.0.0/16'] } }))).toEqual([
      ['services', '10.96.0.0/16', undefined],
    ]);
    expect(openShiftRanges({})).toEqual([]);
    expect(serviceCidrRanges(null)).toEqual([]);
  });

  it("the API server's refusal of an address, as worded in Kubernetes 1.36", () => {
    const message =
      'Service "dry-run" is invalid: spec.clusterIPs: Invalid value: ["240.0.0.1"]: failed to allocate IP 240.0.0.1: the provided IP (240.0.0.1) is not in the valid range. The range of valid IPs is 10.96.0.0/16';
    expect(cidrs(refusedServiceRanges(message))).toEqual([['services', '10.96.0.0/16', undefined]]);
    expect(refusedServiceRanges('IPv6 is not configured on this cluster')).toEqual([]);
  });
});
