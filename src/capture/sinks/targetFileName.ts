/**
 * The name of a target's file or folder: `web-1`, `shop_web-1`, `node_worker-1`. The API server does not allow other
 * characters in names. A server that sends them anyway must not be able to escape from the folder.
 */
export function targetFileName(name: string): string {
  return name.replace(/[^a-zA-Z0-9.-]/g, '_').replace(/^\.+/, '_');
}
