import { readFileSync, statSync } from 'node:fs';
import { expect, it } from 'vitest';
import { traced } from './support/failure.ts';
import { runPod } from './support/pods.ts';
import { freshPath, netdebug, world } from './support/world.ts';

interface TraceEvent {
  readonly name: string;
  readonly ph: string;
  readonly ts: number;
  readonly dur?: number;
  readonly tid: number;
  readonly args?: { readonly detail?: string };
}

it('writes what a command waits for, in Chrome trace format, readable by its owner only', async () => {
  const [flavour] = world.flavours;
  const { name } = await runPod('traced');
  const file = freshPath('trace.json');
  const started = Date.now();
  const args = ['ports', name, '--image', flavour?.image ?? '', '--trace-timing', file];
  const { code, stderr } = await netdebug(args).finished;
  expect(code, stderr).toBe(0);
  const most = (Date.now() - started) * 1000;

  expect(statSync(file).mode & 0o777).toBe(0o600);
  const { traceEvents } = JSON.parse(readFileSync(file, 'utf8')) as { traceEvents: TraceEvent[] };
  const names = traceEvents.map((event) => event.name);
  expect(names).toEqual(
    expect.arrayContaining([
      'start of the process',
      'load the command',
      'connect and TLS',
      'GET',
      'PATCH',
      'start of the debugger',
      'exec',
      'first output of an exec',
      'end of the process',
    ]),
  );
  const read = traceEvents.find((event) => event.name === 'GET');
  expect(read?.args?.detail).toContain(`/pods/${name}`);
  for (const { ts, dur = 0 } of traceEvents) expect(ts + dur).toBeLessThanOrEqual(most);
  // A viewer draws the spans of a lane nested or one after another, so they must not partially overlap.
  const spans = traceEvents.filter(({ ph }) => ph === 'X').toSorted((a, b) => a.ts - b.ts);
  for (const [index, span] of spans.entries())
    for (const other of spans.slice(index + 1))
      if (other.tid === span.tid)
        expect(other.ts).toBeGreaterThanOrEqual(span.ts + (span.dur ?? 0));
});

it('refuses a file that cannot be created, before it contacts the cluster', async () => {
  const { code, stderr } = await netdebug(['ports', 'any', '--trace-timing', '/nowhere/trace.json'])
    .finished;
  expect(code).toBe(1);
  expect(stderr).toContain('/nowhere/trace.json');
});

it('does not end the command if the disk is full', async () => {
  const { code, stdout, stderr } = await netdebug(['presets', '--trace-timing', '/dev/full'])
    .finished;
  expect(code, stderr).toBe(0);
  expect(stdout).toContain('dns');
  expect(stderr).toMatch(/^note: .*ENOSPC.*\n$/);
});

it('contains what happened before the command was killed', async () => {
  const { name } = await runPod('watched');
  const [flavour] = world.flavours;
  const watching = traced(['capture', name, '--image', flavour?.image ?? '']);
  await watching.reports('capturing');
  watching.child.kill('SIGKILL');
  await watching.finished;
  expect(watching.reported().notices).toContain('capturing');
});
