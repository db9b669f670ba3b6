import { readFile } from 'node:fs/promises';

interface Route {
  readonly destination: number;
  readonly mask: number;
}

/** Number N of a random network 172.30.N.0/24 that no route of this machine overlaps. */
export async function findFreeSubnet(): Promise<number> {
  const routes = await readRoutes();
  const free = [...Array(256).keys()].filter((n) => !routes.some((route) => overlaps(route, n)));
  const chosen = free[Math.floor(Math.random() * free.length)];
  if (chosen === undefined) throw new Error('every network in 172.30.0.0/16 is in use');
  return chosen;
}

/** Whether more than one route leads to 172.30.N.0/24: another process has just chosen it, too. */
export async function isSubnetShared(n: number): Promise<boolean> {
  return (await readRoutes()).filter((route) => overlaps(route, n)).length > 1;
}

function overlaps({ destination, mask }: Route, n: number): boolean {
  const network = ((172 << 24) | (30 << 16) | (n << 8)) >>> 0;
  const common = (mask & 0xffffff00) >>> 0;
  return mask !== 0 && (destination & common) >>> 0 === (network & common) >>> 0;
}

/** The IPv4 routes of this process's network namespace, see proc_net(5): hexadecimal, byte-swapped. */
async function readRoutes(): Promise<Route[]> {
  const lines = (await readFile('/proc/self/net/route', 'utf8')).trim().split('\n').slice(1);
  return lines.map((line) => {
    const fields = line.split('\t');
    return { destination: addressOf(fields[1]), mask: addressOf(fields[7]) };
  });
}

function addressOf(hexadecimal = '0'): number {
  return Buffer.from(hexadecimal, 'hex').readUInt32LE();
}
