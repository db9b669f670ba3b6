import { type Traffic, writeTraffic } from './madeTraffic.ts';

// Writes made traffic to standard output: TRAFFIC as JSON.
writeTraffic('/dev/stdout', JSON.parse(process.argv[2] ?? '') as Traffic);
