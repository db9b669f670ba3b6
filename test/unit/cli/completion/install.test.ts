import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { installCompletion, uninstallCompletion } from '../../../../src/cli/completion/install.ts';
import { completionFile, userShell } from '../../../../src/cli/completion/places.ts';
import { SHELLS } from '../../../../src/cli/completion/scripts.ts';

let home = '';
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'netdebug-home-'));
});
afterEach(() => {
  rmSync(home, { recursive: true });
});

function host(env: NodeJS.ProcessEnv = {}) {
  return { platform: 'linux' as const, env, home };
}

describe('completion install', () => {
  it("writes the script to the shell's folder, and the shim next to the program", () => {
    const bin = join(home, '.krew', 'bin');
    mkdirSync(bin, { recursive: true });
    writeFileSync(join(bin, 'kubectl-netdebug'), '');
    for (const shell of SHELLS) {
      const lines = installCompletion(shell, host({ PATH: `/nonexistent:${bin}` }));
      const { path } = completionFile(shell, host());
      expect(lines.join('\n')).toContain(path);
      expect(readFileSync(path, 'utf8')).toContain('kubectl-netdebug __complete');
    }
    const shim = join(bin, 'kubectl_complete-netdebug');
    expect(readFileSync(shim, 'utf8')).toMatch(
      /^#!\/bin\/sh\nexec kubectl-netdebug __complete "\$@"/,
    );
    expect(statSync(shim).mode & 0o111).toBe(0o111);
  });

  it("uses ~/.local/bin if the user cannot write to the program's folder", () => {
    const bin = join(home, '.local', 'bin');
    mkdirSync(bin, { recursive: true });
    installCompletion('fish', host({ PATH: `/nonexistent:${bin}` }));
    expect(existsSync(join(bin, 'kubectl_complete-netdebug'))).toBe(true);
  });

  it('makes an existing script of netdebug executable again', () => {
    const bin = join(home, 'bin');
    mkdirSync(bin);
    const shim = join(bin, 'kubectl_complete-netdebug');
    writeFileSync(shim, 'old');
    chmodSync(shim, 0o644);
    installCompletion('fish', host({ PATH: bin }));
    expect(statSync(shim).mode & 0o111).toBe(0o111);
  });

  it("writes the shell's own script if no folder on PATH is writable, and prints the next steps", () => {
    const lines = installCompletion('bash', host({ PATH: '/nonexistent' })).join('\n');
    expect(lines).toMatch(/\bPATH\b/);
    expect(lines).toContain(`create ${join(home, '.local', 'bin')}`);
    expect(existsSync(completionFile('bash', host()).path)).toBe(true);
  });

  it('is undone by uninstall, which leaves other files untouched', () => {
    const bin = join(home, 'bin');
    mkdirSync(bin);
    const at = host({ PATH: bin });
    installCompletion('bash', at);
    installCompletion('fish', at);
    const paths = [completionFile('bash', at).path, completionFile('fish', at).path];
    const shim = join(bin, 'kubectl_complete-netdebug');
    const zsh = completionFile('zsh', at).path;
    mkdirSync(join(zsh, '..'), { recursive: true });
    writeFileSync(zsh, '# of somebody else');
    expect(uninstallCompletion(at).sort()).toEqual([...paths, shim].sort());
    expect([...paths, shim].filter((path) => existsSync(path))).toEqual([]);
    expect(existsSync(zsh)).toBe(true);
    expect(uninstallCompletion(at)).toEqual([]);
  });
});

describe('the place of a completion', () => {
  it.each([
    ['bash', '/home/u/.local/share/bash-completion/completions/kubectl-netdebug'],
    ['zsh', '/home/u/.local/share/zsh/site-functions/_kubectl-netdebug'],
    ['fish', '/home/u/.config/fish/completions/kubectl-netdebug.fish'],
  ] as const)('of %s', (shell, path) => {
    for (const platform of ['linux', 'darwin'] as const)
      expect(completionFile(shell, { platform, env: {}, home: '/home/u' }).path).toBe(path);
  });

  it('of PowerShell on Windows', () => {
    const windows = { platform: 'win32' as const, env: {}, home: 'C:\\Users\\u' };
    expect(userShell(windows)).toBe('powershell');
    expect(completionFile('powershell', windows).path).toBe(
      'C:\\Users\\u\\.config\\kubectl-netdebug\\completion.ps1',
    );
  });

  it('uses the same environment variables as the shells', () => {
    const env = { XDG_CONFIG_HOME: '/c', XDG_DATA_HOME: '/d', BASH_COMPLETION_USER_DIR: '/b' };
    const paths = SHELLS.map((shell) => completionFile(shell, host(env)).path.slice(0, 3));
    expect(paths).toEqual(['/b/', '/d/', '/c/', '/c/']);
  });

  it('depends on SHELL, also for Git Bash on Windows', () => {
    expect(userShell(host({ SHELL: '/usr/bin/zsh' }))).toBe('zsh');
    expect(userShell(host({ SHELL: '/bin/csh' }))).toBeUndefined();
    const env = { SHELL: 'C:\\Program Files\\Git\\usr\\bin\\bash.exe' };
    expect(userShell({ platform: 'win32', env, home })).toBe('bash');
  });
});
