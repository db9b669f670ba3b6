import { execFileSync, spawnSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { parseExtcapArguments } from '../../../../src/cli/extcap/arguments.ts';
import {
  batchText,
  extcapFolders,
  installExtcap,
  refreshAnswers,
  uninstallExtcap,
} from '../../../../src/cli/extcap/install.ts';
import {
  configText,
  interfaceName,
  interfacesText,
  linkTypesText,
  podOfInterface,
} from '../../../../src/cli/extcap/sentences.ts';

describe('the arguments from Wireshark', () => {
  it('may be in any order, and may include unknown ones', () => {
    const orders = [
      '--capture --extcap-interface netdebug-a.b --fifo /f --extcap-capture-filter port=80 --snaplen 9',
      '--snaplen=9 --log-level noisy --fifo /f --extcap-capture-filter=port=80 --capture --extcap-interface netdebug-a.b --extcap-control-in /c',
    ];
    for (const order of orders) {
      const { switches, values } = parseExtcapArguments(order.split(' '));
      expect([...switches]).toEqual(['capture']);
      expect(Object.fromEntries(values)).toEqual({
        'extcap-interface': 'netdebug-a.b',
        fifo: '/f',
        'extcap-capture-filter': 'port=80',
        snaplen: '9',
      });
    }
  });

  it('have no effect if a field is empty; the last value counts', () => {
    const { values } = parseExtcapArguments([
      '--namespace',
      'a',
      '--image',
      '',
      '--namespace',
      'b',
    ]);
    expect(Object.fromEntries(values)).toEqual({ namespace: 'b' });
  });
});

describe('an interface', () => {
  it('contains the name of its pod, including dots', () => {
    const pod = { namespace: 'shop', pod: 'web.v1.2' };
    expect(podOfInterface(interfaceName(pod))).toEqual(pod);
    expect(podOfInterface('netdebug')).toBeUndefined();
  });

  it('has only the fields that its pod leaves open', () => {
    expect(configText('netdebug')).toMatch(/^arg \{number=0\}\{call=--pod\}/);
    expect(configText('netdebug-a.b')).not.toMatch(/--pod|--namespace/);
  });

  it('exists without a cluster', () => {
    expect(interfacesText('1.0.0', [])).toMatch(
      /^extcap \{version=1\.0\.0\}.*\ninterface \{value=netdebug\}/,
    );
  });
});

describe('extcap install', () => {
  it.each([
    ['linux', {}, ['/h/.local/lib/wireshark/extcap', '/h/.config/wireshark/extcap']],
    ['darwin', {}, ['/h/.local/lib/wireshark/extcap', '/h/.config/wireshark/extcap']],
    ['win32', { APPDATA: 'C:\\A' }, ['C:\\A\\Wireshark\\extcap']],
  ] as const)('on %s with %j', (platform, env, folders) => {
    expect(extcapFolders({ platform, env, home: '/h' })).toEqual(folders);
  });

  it('stores PATH, KUBECONFIG and flags, quoted', () => {
    const home = mkdtempSync(join(tmpdir(), 'netdebug-extcap-'));
    onTestFinished(() => rmSync(home, { recursive: true }));
    const bin = join(home, "it's bin");
    mkdirSync(bin);
    writeFileSync(join(bin, 'kubectl-netdebug'), '');
    const host = { platform: 'linux' as const, env: { PATH: bin, KUBECONFIG: '/k' }, home };
    const paths = installExtcap(host, new Map([['context', '$(id)']]));
    for (const path of paths) {
      const text = readFileSync(path, 'utf8');
      expect(text).toContain(`PATH='${bin.replace("'", "'\\''")}'; export PATH\n`);
      expect(text).toContain("KUBECONFIG='/k'");
      expect(text).toContain(
        `exec kubectl-netdebug __extcap --context '$(id)' --script "$0" "$@"\n`,
      );
      expect(statSync(path).mode & 0o111).toBe(0o111);
    }
  });

  it('starts only one process of netdebug for all pods', () => {
    const home = mkdtempSync(join(tmpdir(), 'netdebug-extcap-'));
    onTestFinished(() => rmSync(home, { recursive: true }));
    const bin = join(home, 'bin');
    mkdirSync(bin);
    const log = join(home, 'log');
    // 100 pods, and a log of the calls.
    const pods = Array.from({ length: 100 }, (_, number) => ({
      namespace: 'a',
      pod: `p${number}`,
    }));
    const list = join(home, 'list');
    writeFileSync(list, interfacesText('1', pods));
    const program = `#!/bin/sh\necho "$*" >>'${log}'\ncase "$*" in *--extcap-interfaces*) cat '${list}';; esac\n`;
    writeFileSync(join(bin, 'kubectl-netdebug'), program, { mode: 0o755 });
    const env = { PATH: `${bin}:${process.env.PATH}`, HOME: home };
    const [path = ''] = installExtcap({ platform: 'linux', env, home }, new Map());
    const ask = (...words: string[]) => execFileSync(path, words, { env, encoding: 'utf8' });
    for (const { pod } of pods.slice(0, 3)) {
      const name = interfaceName({ namespace: 'a', pod });
      expect(ask('--extcap-config', '--extcap-interface', name)).toBe(configText(name));
      expect(ask('--extcap-dlts', '--extcap-interface', name)).toBe(linkTypesText());
    }
    expect(existsSync(log)).toBe(false);
    ask('--extcap-config', '--extcap-interface', 'netdebug');
    ask('--capture', '--extcap-interface', 'netdebug-a.p1', '--fifo', '/f');
    expect(readFileSync(log, 'utf8').trim().split('\n')).toHaveLength(2);
    if (spawnSync('tshark', ['--version']).error) return;
    rmSync(log);
    const listed = execFileSync('tshark', ['-D'], { env, encoding: 'utf8', stdio: 'pipe' });
    expect(listed.match(/netdebug-a\.p\d+/g)).toHaveLength(100);
    const requests = readFileSync(log, 'utf8').trim().split('\n');
    expect(requests.filter((words) => !words.includes('--extcap-interface netdebug'))).toHaveLength(
      1,
    );
    expect(requests.length).toBeLessThanOrEqual(2);
  });

  it('updates the fields of an installed program, and leaves other programs untouched', () => {
    const home = mkdtempSync(join(tmpdir(), 'netdebug-extcap-'));
    onTestFinished(() => rmSync(home, { recursive: true }));
    writeFileSync(join(home, 'kubectl-netdebug'), '');
    const host = { platform: 'linux' as const, env: { PATH: home, KUBECONFIG: '/$&' }, home };
    const [path = ''] = installExtcap(host, new Map([['context', 'esac']]));
    const current = readFileSync(path, 'utf8');
    const older = current.replace(/ 'arg \{number=2\}[^']*'/, '').replace('EN10MB', 'OLD');
    expect(older).not.toBe(current);
    writeFileSync(path, older);
    refreshAnswers(path);
    expect(readFileSync(path, 'utf8')).toBe(current);
    expect(statSync(path).mode & 0o111).toBe(0o111);
    expect(readdirSync(dirname(path))).toEqual([basename(path)]);
    const others = older.replace('# Made by: kubectl netdebug', '# Mine:');
    writeFileSync(path, others);
    refreshAnswers(path);
    expect(readFileSync(path, 'utf8')).toBe(others);
    refreshAnswers(join(home, 'absent'));
  });

  it('answers the same requests for every pod itself on Windows too', () => {
    const lines = batchText({ env: {} }, new Map([['context', 'a b']])).split('\r\n');
    const printedAt = (label: string) => {
      const begin = lines.indexOf(label) + 1;
      return lines.slice(begin, lines.indexOf('exit /b', begin)).map((line) => line.slice(5));
    };
    expect(printedAt(':dlts').join('\n')).toBe(linkTypesText().trimEnd());
    expect(printedAt(':config').join('\n')).toBe(configText('netdebug-a.b').trimEnd());
    expect(lines.filter((line) => line.endsWith('goto dlts'))).toHaveLength(2);
    expect(lines.slice(-2)).toEqual(['kubectl-netdebug __extcap --context "a b" %*', '']);
    // They contain no characters with a meaning in cmd.exe.
    expect(printedAt(':config').join()).not.toMatch(/[&|<>^%]/);
  });

  it('is undone by uninstall, which leaves other files untouched', () => {
    const home = mkdtempSync(join(tmpdir(), 'netdebug-extcap-'));
    onTestFinished(() => rmSync(home, { recursive: true }));
    writeFileSync(join(home, 'kubectl-netdebug'), '');
    const host = { platform: 'linux' as const, env: { PATH: home }, home };
    const [first = '', second = ''] = installExtcap(host, new Map());
    writeFileSync(second, '#!/bin/sh\n# of somebody else\n');
    expect(uninstallExtcap(host)).toEqual([first]);
    expect([existsSync(first), existsSync(second)]).toEqual([false, true]);
    expect(uninstallExtcap(host)).toEqual([]);
  });

  it('reports that the program is not on PATH', () => {
    const host = { platform: 'linux' as const, env: { PATH: '/nonexistent' }, home: '/h' };
    expect(() => installExtcap(host, new Map())).toThrow(
      expect.objectContaining({ kind: 'missing-program' }),
    );
  });
});
