import { describe, expect, it } from 'vitest';
import packageJson from '../../package.json' with { type: 'json' };
import { versionInfo, versionText } from '../../src/version.ts';

describe('the version', () => {
  it('is one line for people', () => {
    expect(versionText()).toBe(`kubectl-netdebug ${packageJson.version}`);
  });

  it('names Node and the platform as kubectl names it; a run from source knows no build', () => {
    const { clientVersion } = versionInfo();
    expect(clientVersion).toMatchObject({
      gitVersion: `v${packageJson.version}`,
      nodeVersion: process.version,
    });
    expect(clientVersion.platform).toMatch(/^(linux|darwin|windows)\/(amd64|arm64)$/);
    expect(clientVersion.gitCommit).toBeUndefined();
  });
});
