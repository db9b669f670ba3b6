import packageJson from '../../../package.json' with { type: 'json' };
import { KubeApi } from '../../kube/api.ts';
import { authenticate } from '../../kube/authentication.ts';
import { chooseContext } from '../../kube/kubeconfig.ts';
import { listNames } from '../../kube/nameList.ts';
import { podsPath } from '../../kube/pod.ts';
import { parseTarget, targetInNamespace } from '../../kube/targets/parseTargets.ts';
import { PipeOutput } from '../../output/pipeOutput.ts';
import { Problem } from '../../problem.ts';
import { reportError } from '../reportError.ts';
import { type ExtcapArguments, parseExtcapArguments } from './arguments.ts';
import { captureForWireshark } from './captureForWireshark.ts';
import { refreshAnswers } from './install.ts';
import {
  configText,
  interfacesText,
  linkTypesText,
  type PodInterface,
  podOfInterface,
} from './sentences.ts';

/** Wireshark waits for every extcap program at its start. */
const LIST_TIMEOUT_MS = 1000;

/**
 * Implements Wireshark's extcap protocol (`doc/extcap.adoc` in its source): lists, sentences on standard output, or a
 * capture into its pipe. Wireshark shows standard error as an error, so nothing else is printed there. Returns the exit
 * code.
 */
export async function extcapProgram(args: readonly string[]): Promise<number> {
  const words = parseExtcapArguments(args);
  const { switches, values } = words;
  try {
    if (switches.has('capture')) return await capture(words);
    process.stdout.write(await sentences(words));
    // A credential plugin may still be running. Its result is not needed.
    if (switches.has('extcap-interfaces')) {
      const script = values.get('script');
      if (script !== undefined) refreshAnswers(script);
      process.exit(0);
    }
    return 0;
  } catch (error) {
    return reportError(error);
  }

  async function sentences({ switches }: ExtcapArguments): Promise<string> {
    if (switches.has('extcap-interfaces'))
      return interfacesText(packageJson.version, await runningPods(words));
    if (switches.has('extcap-dlts')) return linkTypesText();
    if (switches.has('extcap-config')) return configText(values.get('extcap-interface') ?? '');
    // If there is only a filter, Wireshark asks whether it is valid. No output means yes. The pod's own tcpdump checks
    // it later.
    return '';
  }
}

/** Returns an empty list if the cluster is unreachable, slow, or refuses, so that Wireshark can still start. */
async function runningPods(words: ExtcapArguments): Promise<PodInterface[]> {
  const signal = AbortSignal.timeout(LIST_TIMEOUT_MS);
  const timeout = new Promise<never>((_resolve, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason), { once: true });
  });
  try {
    return await Promise.race([list(words, signal), timeout]);
  } catch {
    return [];
  }
}

async function list({ values }: ExtcapArguments, signal: AbortSignal): Promise<PodInterface[]> {
  const chosen = chooseContext(connectionFlags(values), process.env, { quick: true });
  const api = new KubeApi(await authenticate(chosen));
  try {
    const { namespace } = chosen;
    const pods = await listNames(api, podsPath(namespace), signal);
    return pods
      .filter(({ status }) => status === 'Running')
      .map(({ name }) => ({ namespace, pod: name }));
  } finally {
    api.close();
  }
}

async function capture({ values }: ExtcapArguments): Promise<number> {
  const fifo = values.get('fifo');
  if (fifo === undefined) throw new Problem('Wireshark did not name a pipe', { exitCode: 2 });
  // Wireshark waits until its pipe is opened, even if nothing will be written to it.
  const output = await PipeOutput.open(fifo);
  let api: KubeApi | undefined;
  try {
    const ofInterface = podOfInterface(values.get('extcap-interface') ?? '');
    const pod = ofInterface?.pod ?? values.get('pod');
    if (pod === undefined)
      throw new Problem('no pod is given', {
        next: ['enter it in the options of the interface (the gear icon next to its name)'],
        exitCode: 2,
      });
    const connection = connectionFlags(values);
    const chosen = chooseContext(
      ofInterface ? { ...connection, namespace: ofInterface.namespace } : connection,
    );
    api = new KubeApi(await authenticate(chosen));
    const outputKeptOpen = { write: (chunk: Buffer) => output.write(chunk), close: async () => {} };
    const target = targetInNamespace(parseTarget(pod), chosen.namespace);
    return await captureForWireshark(api, target, outputKeptOpen, values);
  } catch (error) {
    // Printed before the recorder closes the pipe. Wireshark then ends this program, and shows what is on standard
    // error at that moment.
    return reportError(error);
  } finally {
    await output.close();
    api?.close();
  }
}

function connectionFlags(values: ExtcapArguments['values']) {
  const given = (['kubeconfig', 'context', 'namespace'] as const).flatMap((name) => {
    const value = values.get(name);
    return value === undefined ? [] : [[name, value] as const];
  });
  return Object.fromEntries(given);
}
