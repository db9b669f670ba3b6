import { isIP } from 'node:net';

/** What the user asks about, recognized by its form. A number may mean several things. */
export type Thing =
  | { readonly kind: 'address'; readonly address: string }
  | { readonly kind: 'mac'; readonly mac: string }
  | { readonly kind: 'container'; readonly id: string }
  | { readonly kind: 'number'; readonly number: number }
  | { readonly kind: 'inode'; readonly inode: number }
  | { readonly kind: 'name'; readonly name: string };

/** crictl and docker print the first 12 or 13 digits of an id. */
const CONTAINER_ID = /^[0-9a-f]{12,64}$/;

/** Reads an IP, MAC, PID, interface name, ifindex, namespace (inode, `net:[INODE]` or name) or container id. */
export function parseThing(text: string): Thing {
  const trimmed = text.trim();
  const address = trimmed.replace(/\/\d{1,3}$/, '').replace(/^\[(.*)\]$/, '$1');
  if (isIP(address)) return { kind: 'address', address };
  if (/^[0-9a-f]{2}([:-][0-9a-f]{2}){5}$/i.test(trimmed))
    return { kind: 'mac', mac: trimmed.toLowerCase().replaceAll('-', ':') };
  const [, inode] = /^net:\[(\d+)\]$/.exec(trimmed) ?? [];
  if (inode !== undefined) return { kind: 'inode', inode: Number(inode) };
  const id = trimmed.replace(/^[a-z-]+:\/\//, '');
  if (/^\d{1,10}$/.test(trimmed)) return { kind: 'number', number: Number(trimmed) };
  if (CONTAINER_ID.test(id)) return { kind: 'container', id };
  return { kind: 'name', name: trimmed };
}
