import { type Traffic, writeTraffic } from './madeTraffic.ts';

// Writes generated traffic to a file or pipe: PATH, and the traffic as JSON.
const [path = '', traffic = ''] = process.argv.slice(2);
writeTraffic(path, JSON.parse(traffic) as Traffic);
