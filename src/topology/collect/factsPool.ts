import { randomBytes } from 'node:crypto';
import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';
import type { DebuggerSettings } from '../../debugger/container.ts';
import type { Debugger } from '../../debugger/debugger.ts';
import { LeasedProcess } from '../../debugger/leasedProcess.ts';
import { factsDebugger } from '../../debugger/node/factsDebugger.ts';
import { runProgram } from '../../debugger/runProgram.ts';
import type { AccessOptions } from '../../debugger/start.ts';
import type { KubeApi } from '../../kube/api.ts';
import { Problem } from '../../problem.ts';
import { parseSections, type Section } from './sections.ts';

export interface FactsPoolOptions extends AccessOptions {
  readonly settings: DebuggerSettings;
  /** The namespace of its pods, unless the settings name another one. */
  readonly namespace: string;
  /** The name of the command, so that people can tell what its pods are for. */
  readonly command: string;
  /** Whether packet filters are read, which requires NET_ADMIN. */
  readonly rules: boolean;
  /** Whether packets are also captured and sent. */
  readonly probe?: boolean;
  /** How many seconds the pods stay when idle after this command. */
  readonly keepNode?: number;
}

/** Limits for a node's output, compressed and uncompressed. 500 namespaces take 3 MB. */
const MAX_OUTPUT_BYTES = 64 * 1024 * 1024;
const MAX_TEXT_BYTES = 256 * 1024 * 1024;

/**
 * Debuggers that read facts: one per node, created on first use, and used for all scripts of a command. Close it
 * after use.
 */
export class FactsPool {
  readonly #api: KubeApi;
  readonly #options: FactsPoolOptions;
  readonly #debuggers = new Map<string, Promise<Debugger>>();

  constructor(api: KubeApi, options: FactsPoolOptions) {
    this.#api = api;
    this.#options = options;
  }

  /**
   * Runs a script on a node and returns its sections. The script's words are `before`, the token, and `after`.
   * Throws a Problem if the script does not complete.
   */
  async run(
    node: string,
    script: string,
    before: readonly string[],
    after: readonly string[],
  ): Promise<Section[]> {
    const dbg = await this.#debuggerOn(node, {});
    const sections = await this.#runIn(dbg, script, before, after).catch(async (error) => {
      // A kept debugger may be exiting at this moment.
      if (dbg.fresh || this.#options.signal?.aborted) throw error;
      return this.#runIn(await this.#debuggerOn(node, { anew: true }), script, before, after);
    });
    const denied = sections.find(({ name }) => name === 'denied');
    const profile = denied?.body.toString().trim() ?? '';
    if (profile === '' || profile === 'unconfined') return sections;
    // AppArmor hides the node's processes, so run again without its profile.
    return this.#runIn(await this.#debuggerOn(node, { unconfined: true }), script, before, after);
  }

  /**
   * Starts a script on a node under a lease, to run while other commands do. `words` are its arguments, without a
   * token. The caller closes the process; `signal` ends it early.
   */
  async start(
    node: string,
    script: string,
    words: readonly string[],
    signal = this.#options.signal,
  ): Promise<LeasedProcess> {
    const dbg = await this.#debuggerOn(node, {});
    return LeasedProcess.start(this.#api.access, dbg, { script, command: words }, signal);
  }

  get image(): string {
    return this.#options.settings.image;
  }

  /** Deletes the pods, except those to keep. */
  async close(): Promise<void> {
    const debuggers = [...this.#debuggers.values()];
    this.#debuggers.clear();
    await Promise.all(
      debuggers.map(async (promise) => {
        const dbg = await promise.catch(() => undefined);
        await dbg?.close();
      }),
    );
  }

  async #debuggerOn(
    node: string,
    startOptions: { readonly anew?: boolean; readonly unconfined?: boolean },
  ): Promise<Debugger> {
    const isRestart = startOptions.anew === true || startOptions.unconfined === true;
    const existing = this.#debuggers.get(node);
    if (existing && !isRestart) return existing;
    const { settings, namespace, command, rules, probe, keepNode, ...options } = this.#options;
    const starting = factsDebugger(
      this.#api,
      { node, namespace },
      {
        ...settings,
        profile: probe ? 'probe' : rules ? 'rules' : 'facts',
        command,
        ...(keepNode !== undefined && { keepNode }),
      },
      { ...options, ...startOptions, ...(isRestart && { anew: true }) },
    );
    this.#debuggers.set(node, starting);
    // The caller that awaits the promise gets the error.
    starting.catch(() => this.#debuggers.delete(node));
    if (existing) await (await existing.catch(() => undefined))?.close();
    return starting;
  }

  async #runIn(
    dbg: Debugger,
    script: string,
    before: readonly string[],
    after: readonly string[],
  ): Promise<Section[]> {
    const token = randomBytes(16).toString('hex');
    const { signal } = this.#options;
    const { code, stdout, stderr } = await runProgram(
      this.#api.access,
      dbg,
      { script, command: [...before, token, ...after] },
      { maxBytes: MAX_OUTPUT_BYTES, ...(signal && { signal }) },
    );
    const output = await uncompressed(stdout);
    const sections = parseSections(output, token);
    if (sections.at(-1)?.name !== 'end')
      throw new Problem(
        `the collection on ${dbg.home.spec.nodeName ?? 'the node'} ended early (exit code ${code})${stderr.trim() ? `: ${stderr.trim()}` : ''}`,
        {
          kind: 'command-failed',
          next: ['run the command again', 'the image needs sh, sed, sort, grep and iproute2'],
        },
      );
    return sections;
  }
}

const unzip = promisify(gunzip);

/** The script compresses its output if the image has gzip. */
async function uncompressed(output: Buffer): Promise<Buffer> {
  const isCompressed = output[0] === 0x1f && output[1] === 0x8b;
  if (!isCompressed) return output;
  try {
    return await unzip(output, { maxOutputLength: MAX_TEXT_BYTES });
  } catch (cause) {
    throw new Problem('the output of the node cannot be read: the compressed stream was cut off', {
      kind: 'damaged',
      cause,
    });
  }
}
