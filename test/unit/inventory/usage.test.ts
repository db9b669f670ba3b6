import { expect, it } from 'vitest';
import { usageOf } from '../../../src/inventory/usage.ts';
import { FakePod } from '../capture/fakePod.ts';
import { podWith } from '../debugger/pods.ts';
import { fakeServer } from '../kube/fakeServer.ts';

it('checks many debuggers at a time, but not all, and reports how many have answered', async () => {
  let open = 0;
  let most = 0;
  const full = Promise.withResolvers<void>();
  const { api } = await fakeServer({
    exec: async (socket, request) => {
      const pod = new FakePod(socket, request);
      open += 1;
      if (open === 16) {
        await new Promise((done) => setTimeout(done, 200));
        most = open;
        full.resolve();
      }
      await pod.started;
      // None answers before sixteen have been asked.
      await full.promise;
      pod.writes('main sleep\ntcpdump\n');
      open -= 1;
      pod.exits(0);
    },
  });
  const owned = Array.from({ length: 40 }, (_, number) => ({
    kind: 'debugger' as const,
    pod: podWith({
      metadata: { name: `web-${number}` },
      spec: { nodeName: `node-${number % 2}` },
    }),
    container: 'netdebug-network',
    state: number < 30 ? ('running' as const) : ('ended' as const),
  }));
  const messages: string[] = [];
  const used = await usageOf(api, owned, new AbortController().signal, (text) =>
    messages.push(text),
  );
  expect(most).toBe(16);
  expect(used.filter(({ runs }) => runs?.join() === 'tcpdump')).toHaveLength(30);
  expect(messages[0]).toMatch(/\b30\b.*\b0\b/);
  expect(messages.at(-1)).toMatch(/\b30\b.*\b30\b/);
});
