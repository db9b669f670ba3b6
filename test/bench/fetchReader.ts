import { fetchSpool } from '../../src/capture/fetch/fetchSpool.ts';
import { PodSpool } from '../../src/capture/fetch/podSpool.ts';
import { KubeApi } from '../../src/kube/api.ts';
import { authenticate } from '../../src/kube/authentication.ts';
import { chooseContext } from '../../src/kube/kubeconfig.ts';
import { type Pod, podPath } from '../../src/kube/pod.ts';

// Fetches a spool as the program does: fetchReader.ts POD CONTAINER SPOOL FOLDER [sha256]

async function main([pod = '', container = '', spool = '', folder = '', sums]: string[]) {
  const chosen = chooseContext({});
  const api = new KubeApi(await authenticate(chosen));
  const { namespace } = chosen;
  const { metadata } = await api.get<Pod>(podPath(namespace, pod));
  const place = { namespace, pod, container };
  const { files } = await fetchSpool(new PodSpool(api, place, metadata.uid, spool), {
    folder,
    origin: { ...place, capture: 'bench', target: pod, podUid: metadata.uid },
    verify: sums === 'sha256' ? 'sha256' : 'size+walk',
    allowCompression: true,
    streams: 1,
    signal: new AbortController().signal,
  });
  const whole = files.filter(({ state }) => state === 'whole').length;
  if (whole !== files.length || whole === 0) throw new Error(`${whole} of ${files.length} files`);
  api.close();
}

main(process.argv.slice(2)).catch((error: unknown) => {
  console.error(error);
  process.exitCode = 1;
});
