import { setTimeout as wait } from 'node:timers/promises';
import { authenticate } from '../../src/kube/authentication.ts';
import { exec } from '../../src/kube/exec.ts';
import { chooseContext } from '../../src/kube/kubeconfig.ts';

// Only the exec layer: reads the output of a command in a pod and counts it. Usage: execReader.ts POD CONTAINER BYTES
// steady|stalled COMMAND...

/** A stalled reader reads this much, and then nothing for a while. */
const BEFORE_STALL_BYTES = 10e6;
const STALL_MS = 5_000;

async function main([pod = '', container = '', bytes, manner, ...command]: string[]) {
  const chosen = chooseContext({});
  const access = await authenticate(chosen);
  const stream = await exec(access, { namespace: chosen.namespace, pod, container, command });
  stream.stderr.resume();
  let read = 0;
  let stalled = manner !== 'stalled';
  for await (const chunk of stream.stdout as AsyncIterable<Buffer>) {
    read += chunk.length;
    if (stalled || read < BEFORE_STALL_BYTES) continue;
    stalled = true;
    await wait(STALL_MS);
  }
  if ((await stream.exit) !== 0) throw new Error('the command failed');
  if (read !== Number(bytes)) throw new Error(`${read} bytes came instead of ${bytes}`);
}

main(process.argv.slice(2)).catch((error: unknown) => {
  console.error(error);
  process.exitCode = 1;
});
