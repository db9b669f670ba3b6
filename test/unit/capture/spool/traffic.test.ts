import { spawnSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import observed from '../../../../src/capture/recorder/observed.sh';
import { SHELLS, type Shell, whatIsMissing } from './support/place.ts';

const missing = whatIsMissing();

/** Runs a program under observed.sh in a network with only lo; returns what both printed. */
function observe(shell: Shell, ports: string, program: string, before = 'true') {
  const [name = '', ...flags] = SHELLS[shell];
  const words = [name, ...flags, '-c', observed, 'netdebug', ports, 'sh', '-c', program];
  const script = `ip link set lo up; ${before}; exec "$@"`;
  const { status, stdout, stderr } = spawnSync(
    'unshare',
    ['--net', 'sh', '-c', script, 'set', ...words],
    {
      encoding: 'utf8',
      timeout: 120_000,
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
    it('counts the packets that passed, and keeps the exit status and the output', () => {
      const send = 'for i in 1 2 3; do echo x | socat -u - udp4-sendto:127.0.0.1:9; done; echo out';
      // The script counts the packets before the program's in another child, and then sleeps.
      const counted = `grep -q '^State:.S' "/proc/$PPID/status" && [ "$(cat "/proc/$PPID/task/$PPID/children")" = "$$ " ]`;
      const program = `until ${counted}; do :; done; ${send}; exit 7`;
      expect(observe(shell, '', program, send)).toEqual({
        status: 7,
        stdout: 'out\nout\n',
        // Plus the ICMP answers, because nobody listens.
        lines: ['netdebug: passed any 6', 'netdebug: passed lo 6'],
      });
    });

    it('reports that nothing passed', () => {
      expect(observe(shell, '80,443', 'true').lines).toEqual(['netdebug: passed any 0']);
    });

    it('finds the port that clients connected to before a redirection', () => {
      const connect = [
        'iptables -t nat -A OUTPUT -p tcp --dport 8080 -j REDIRECT --to-ports 15006',
        // Background processes must not hold the output open.
        'exec 3>&1 4>&2 >/dev/null 2>&1',
        'socat tcp-listen:15006,fork exec:cat 3>&- 4>&- &',
        'until ss -Hltn | grep -q :15006; do sleep 0.1; done',
        'sleep 60 3>&- 4>&- | socat - tcp:127.0.0.1:8080 3>&- 4>&- &',
        'until ss -Htn state established | grep -q :15006; do sleep 0.1; done',
        'exec >&3 2>&4 3>&- 4>&-',
      ].join('\n');
      const { lines } = observe(shell, '22,15006', 'exit 0', connect);
      expect(lines).toContain('netdebug: connected 15006 1 8080');
      expect(lines.join()).not.toContain('connected 22');
    });

    it.each(['TERM', 'TERM at once'])('ends its program on %s', (when) => {
      const program =
        'trap "echo ended; exit 3" TERM; echo begun; sleep 200 >/dev/null 2>&1 & wait';
      const begun = 'until [ -s "$out" ]; do sleep 0.1; done';
      const [name = '', ...flags] = SHELLS[shell];
      const script = `out=$(mktemp); "$@" >"$out" & ${when === 'TERM' ? begun : 'sleep 0.001'}; rm "$out"; kill -TERM $!; wait $!`;
      const words = [name, ...flags, '-c', observed, 'netdebug', '', 'sh', '-c', program];
      const { stderr, error } = spawnSync(
        'unshare',
        ['--net', 'sh', '-c', script, 'set', ...words],
        {
          encoding: 'utf8',
          timeout: 120_000,
        },
      );
      // It did not end by the timeout.
      expect(error).toBeUndefined();
      if (when === 'TERM') expect(stderr).toContain('netdebug: passed any 0');
    });
  },
);
