import { spawnSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import observed from '../../../../src/capture/recorder/observed.sh';
import { SHELLS, type Shell, whatIsMissing } from './support/place.ts';

const missing = whatIsMissing();

/** Runs a program under observed.sh in a network with lo alone; gives what it and observed.sh said. */
function observe(shell: Shell, ports: string, program: string, before = 'true') {
  const [name = '', ...flags] = SHELLS[shell];
  const words = [name, ...flags, '-c', observed, 'netdebug', ports, 'sh', '-c', program];
  const script = `ip link set lo up; ${before}; exec "$@"`;
  const { status, stdout, stderr } = spawnSync(
    'unshare',
    ['--net', 'sh', '-c', script, 'set', ...words],
    {
      encoding: 'utf8',
      timeout: 20_000,
    },
  );
  return {
    status,
    stdout,
    lines: stderr.split('\n').filter((line) => line.startsWith('netdebug')),
  };
}

describe.skipIf(missing !== undefined).each(['dash', 'ash'] as const)(
  'observed.sh in %s',
  (shell) => {
    it('counts what passed meanwhile, and keeps the exit status and the output', () => {
      const send =
        'for i in 1 2 3; do echo x | socat -u - udp4-sendto:127.0.0.1:9; done; echo out; exit 7';
      expect(observe(shell, '', send, send.replace('exit 7', 'true'))).toEqual({
        status: 7,
        stdout: 'out\nout\n',
        // ICMP answers that nobody listens.
        lines: ['netdebug: passed any 6', 'netdebug: passed lo 6'],
      });
    });

    it('says that nothing passed', () => {
      expect(observe(shell, '80,443', 'true').lines).toEqual(['netdebug: passed any 0']);
    });

    it('finds the port that connections were made to before a redirection', () => {
      const connect =
        'iptables -t nat -A OUTPUT -p tcp --dport 8080 -j REDIRECT --to-ports 15006; socat tcp-listen:15006,fork exec:cat & sleep 0.3; (sleep 5) | socat - tcp:127.0.0.1:8080 & sleep 0.5';
      const { lines } = observe(shell, '22,15006', 'exit 0', connect);
      expect(lines).toContain('netdebug: connected 15006 1 8080');
      expect(lines.join()).not.toContain('connected 22');
    });

    it.each(['TERM', 'TERM at once'])('ends its program on %s', (when) => {
      const program = 'trap "echo ended; exit 3" TERM; echo begun; sleep 10 >/dev/null 2>&1 & wait';
      const wait = when === 'TERM' ? '1' : '0.001';
      const [name = '', ...flags] = SHELLS[shell];
      const script = `"$@" & sleep ${wait}; kill -TERM $!; wait $!`;
      const words = [name, ...flags, '-c', observed, 'netdebug', '', 'sh', '-c', program];
      const begun = Date.now();
      const { stderr } = spawnSync('unshare', ['--net', 'sh', '-c', script, 'set', ...words], {
        encoding: 'utf8',
        timeout: 20_000,
      });
      expect(Date.now() - begun).toBeLessThan(8_000);
      if (when === 'TERM') expect(stderr).toContain('netdebug: passed any 0');
    });
  },
);
