/**
 * The name of a target's file or folder: `web-1`, `shop_web-1`, `node_worker-1`. The API server allows other
 * characters in no name; a server that sends them must not lead out of the folder.
 */
export function targetFileName(name: string): string {
  return name.replace(/[^a-zA-Z0-9.-]/g, '_').replace(/^\.+/, '_');
}
