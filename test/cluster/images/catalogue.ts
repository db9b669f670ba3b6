import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import type { Image, ImageConfig } from './dockerArchive.ts';
import { hiddenPaths, hideApplets } from './hiddenApplets.ts';
import { readHostProgram, sharedLibraries } from './hostPrograms.ts';
import { FAULTY_PATH, FAULTY_TOOLS, faultyTools } from './hungTools.ts';
import { type Entry, packLayer } from './layer.ts';
import { pauseElf } from './pauseElf.ts';
import { tcpdumpKeepsUser } from './tcpdumpKeepsUser.ts';

/** The programs of this machine that are copied into images, with their Debian packages. */
export const imagePrograms = {
  busybox: 'busybox-static',
  tcpdump: 'tcpdump',
  ss: 'iproute2',
  ip: 'iproute2',
  bridge: 'iproute2',
  nginx: 'nginx-light',
  bash: 'bash',
  curl: 'curl',
  dumpcap: 'tshark',
  mergecap: 'tshark',
  capinfos: 'tshark',
  tshark: 'tshark',
  iperf3: 'iperf3',
  jq: 'jq',
  lsns: 'util-linux',
  nsenter: 'util-linux',
  nft: 'nftables',
  'iptables-nft-save': 'iptables',
  ethtool: 'ethtool',
} as const;

export const pauseImage = 'registry.k8s.io/pause:3.10';

const netshoot = 'docker.io/nicolaka/netshoot';

/** References by digest, which `docker save` archives cannot contain, and the corresponding tags. */
export const digests: Readonly<Record<string, string>> = {
  [`${netshoot}@sha256:7f08c4aff13ff61a35d30e30c5c1ea8396eac6ab4ce19fd02d5a4b3b5d0d09a2`]: `${netshoot}:v0.14`,
};

/** Paths of this machine for images that contain no programs. */
const onHostPrograms = ['/usr', '/etc/alternatives'];
/** What netshoot gets in addition to its own layers: tshark and its libraries would add 160 MB to the image. */
const onHostTools = [
  ...['dumpcap', 'mergecap', 'capinfos', 'tshark', 'iperf3', 'jq', 'lsns'].map(
    (name) => `/usr/bin/${name}`,
  ),
  // Tools that read the rules of a node.
  ...['nft', 'ethtool', 'tc'].map((name) => `/usr/sbin/${name}`),
  ...['iptables', 'ip6tables'].flatMap((name) => [
    `/usr/sbin/${name}-nft-save`,
    `/usr/sbin/${name}-legacy-save`,
  ]),
  // The loader searches here after the image's own /lib/x86_64-linux-gnu.
  ...['/usr/lib/x86_64-linux-gnu', '/usr/share/wireshark'],
];

/** Paths of this machine that containers of an image see, read-only, by the image's complete reference. */
export const hostPathsOf: Readonly<Record<string, readonly string[]>> = {
  ...Object.fromEntries(
    Object.keys(FAULTY_TOOLS).map((name) => [`registry.local/debian-${name}:1`, onHostPrograms]),
  ),
  'docker.io/library/nginx:1.27': onHostPrograms,
  'registry.local/debian-nettools:12': onHostPrograms,
  [`${netshoot}:v0.14`]: onHostTools,
};

const defaults: ImageConfig = {
  Env: ['PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'],
};
const shell: ImageConfig = { ...defaults, Cmd: ['sh'] };

const emptyFolders: Entry[] = [
  ...['dev', 'etc', 'home', 'mnt', 'opt', 'proc', 'root', 'run', 'sys', 'var/log', 'var/lib'].map(
    (path) => ({ path, folder: true as const }),
  ),
  { path: 'tmp', folder: true, mode: 0o1777 },
  { path: 'var/tmp', folder: true, mode: 0o1777 },
];

const accounts: Entry[] = [
  {
    path: 'etc/passwd',
    data: [
      'root:x:0:0:root:/root:/bin/sh',
      'tcpdump:x:101:101::/nonexistent:/usr/sbin/nologin',
      'nobody:x:65534:65534:nobody:/:/usr/sbin/nologin\n',
    ].join('\n'),
  },
  { path: 'etc/group', data: 'root:x:0:\ntcpdump:x:101:\nnogroup:x:65534:\n' },
  { path: 'etc/nsswitch.conf', data: 'passwd: files\ngroup: files\nhosts: files dns\n' },
];

const hostSkeleton: Entry[] = [
  ...emptyFolders,
  ...accounts,
  { path: 'usr', folder: true },
  ...['bin', 'sbin', 'lib', 'lib32', 'lib64'].map((path) => ({ path, link: `usr/${path}` })),
];

/** Images of a few kB that pods need to start. */
export async function buildSmallImages(): Promise<Image[]> {
  const nginx = await readFile(new URL('nginx.conf', import.meta.url));
  const nginxFiles: Entry[] = [
    { path: 'var/log/nginx', folder: true },
    { path: 'etc/nginx/nginx.conf', data: nginx },
  ];
  const wait = pauseElf();
  return Promise.all([
    image(
      pauseImage,
      { ...defaults, Entrypoint: ['/pause'] },
      packLayer([executable('pause', wait)]),
    ),
    image(
      'docker.io/library/nginx:1.27',
      { ...defaults, Cmd: ['nginx', '-g', 'daemon off;'] },
      packLayer([...hostSkeleton, ...nginxFiles]),
    ),
    image('registry.local/debian-nettools:12', defaults, packLayer(hostSkeleton)),
    ...faultyImages('debian', packLayer(hostSkeleton)),
    image(
      'registry.local/distroless:1',
      { ...defaults, Entrypoint: ['/server'] },
      packLayer([executable('server', wait), ...accounts]),
    ),
  ]);
}

/** Images that contain programs, about 20 MB in total. */
export async function buildLargeImages(): Promise<Image[]> {
  const [busybox, fewerApplets, tcpdump, nsenter, libraries, iprouteFiles] = await Promise.all([
    readHostProgram('busybox').then((program) => busyboxEntries(program, new Set())),
    readHostProgram('busybox').then((program) => busyboxEntries(hideApplets(program), hiddenPaths)),
    readHostProgram('tcpdump').then(tcpdumpKeepsUser),
    readHostProgram('nsenter'),
    sharedLibraries(['tcpdump', 'nsenter']),
    iprouteEntries(),
  ]);
  const base = [...emptyFolders, ...accounts];
  const capturing = [
    executable('usr/bin/tcpdump', tcpdump),
    executable('usr/bin/nsenter', nsenter),
    ...libraries,
  ];
  const slim = packLayer([...base, ...fewerApplets, ...capturing]);
  const iproute = packLayer(iprouteFiles);
  return Promise.all([
    image(`${netshoot}:v0.14`, shell, slim, iproute),
    image('registry.local/slim:1', shell, slim),
    image('registry.local/slim-nettools:1', shell, slim, iproute),
    ...faultyImages('busybox', slim, iproute),
    image('docker.io/library/busybox:1.36', shell, packLayer([...base, ...busybox])),
  ]);
}

/** Copies of another image with tools that hang. */
function faultyImages(flavour: string, ...layers: Promise<Buffer>[]): Promise<Image>[] {
  return Object.entries(FAULTY_TOOLS).map(([name, tools]) =>
    image(
      `registry.local/${flavour}-${name}:1`,
      { Env: [FAULTY_PATH] },
      ...layers,
      packLayer(faultyTools(tools)),
    ),
  );
}

async function image(
  reference: string,
  config: ImageConfig,
  ...layers: Promise<Buffer>[]
): Promise<Image> {
  return { reference, config, layers: await Promise.all(layers) };
}

function executable(path: string, data: Buffer): Entry {
  return { path, data, mode: 0o755 };
}

async function iprouteEntries(): Promise<Entry[]> {
  const names = ['ss', 'ip', 'bridge'];
  const programs = names.map(async (name) =>
    executable(`sbin/${name}`, await readHostProgram(name)),
  );
  return [...(await Promise.all(programs)), ...(await sharedLibraries(names))];
}

async function busyboxEntries(busybox: Buffer, without: ReadonlySet<string>): Promise<Entry[]> {
  const { stdout } = await promisify(execFile)('busybox', ['--list-full']);
  const applets = stdout
    .split('\n')
    .filter((path) => path !== '' && path !== 'bin/busybox' && !without.has(path));
  return [
    executable('bin/busybox', busybox),
    ...applets.map((path) => ({ path, link: '/bin/busybox' })),
  ];
}
