import type { FollowerOptions, Position } from '../../../../src/capture/follower/follower.ts';
import { LeasedProcess } from '../../../../src/debugger/leasedProcess.ts';
import type { Access } from '../../../../src/kube/authentication.ts';
import { type FakePod, packet, pcapHeader } from '../fakePod.ts';

/** What a recorder has written, and the pod's end of a follower for it. */
export class FakeSpool {
  /** Files by number, from 1; files that the ring removed are missing. */
  readonly files = new Map<number, Buffer>();
  /** Positions at which connections were asked to begin. */
  readonly positions: Position[] = [];
  starts = 0;

  constructor(...files: readonly (readonly number[])[]) {
    for (const [index, lengths] of files.entries())
      this.files.set(index + 1, Buffer.concat([pcapHeader(), ...lengths.map(packet)]));
  }

  /** All packets in one file. */
  get joined(): Buffer {
    const files = [...this.files.values()];
    return Buffer.concat([pcapHeader(), ...files.map((file) => file.subarray(24))]);
  }

  /** Everything that a client at this position gets, except `over`. */
  from({ seq, offset }: Position): Buffer {
    const chunks: (string | Buffer)[] = ['hello 1 tcpdump eth0\n'];
    for (const [number, file] of this.files) {
      if (number < seq) continue;
      // In two frames, because a frame may begin anywhere.
      const begin = number === seq ? offset : 0;
      const middle = Math.floor((begin + file.length) / 2);
      for (const [from, to] of [
        [begin, middle],
        [middle, file.length],
      ] as const)
        if (from < to)
          chunks.push(`data ${number} ${from} ${to - from}\n`, file.subarray(from, to));
      chunks.push(`end ${number} ${file.length}\n`);
    }
    return Buffer.concat(chunks.map((part) => Buffer.from(part)));
  }

  /** What a connection requested; its command is that of `FOLLOW`. */
  async requestedPosition(pod: FakePod): Promise<Position> {
    await pod.started;
    const [seq, offset, start] = pod.command.slice(-3);
    const position = { seq: Number(seq), offset: Number(offset) };
    this.positions.push(position);
    if (start === 'true') this.starts += 1;
    return position;
  }

  /** Serves a whole connection: all data, `over`, and the end when the client has everything. */
  async serves(pod: FakePod, over = 'over complete 0 captured=3 received=5 dropped=2\n') {
    const position = await this.requestedPosition(pod);
    pod.on = (word) => word === 'info' && pod.exits(0);
    pod.writes(Buffer.concat([this.from(position), Buffer.from(over)]));
  }
}

/** Attaches a follower to a fake pod. */
export function attaching(access: Access): FollowerOptions['attach'] {
  const place = { namespace: 'shop', pod: 'web', container: 'netdebug-network' };
  return ({ seq, offset }, start, signal) => {
    const command = ['follow', String(seq), String(offset), String(start)];
    return LeasedProcess.start(access, place, { command }, signal);
  };
}
