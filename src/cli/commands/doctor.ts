import { diagnose } from '../../doctor/diagnose.ts';
import { renderDiagnosis } from '../../doctor/renderDiagnosis.ts';
import { parseTarget, targetInNamespace } from '../../kube/targets/parseTargets.ts';
import { print } from '../../output/standardOutput.ts';
import { problemMoment } from '../../timing.ts';
import { command } from '../command.ts';
import { connect } from '../connect.ts';
import { statusLine } from '../console.ts';
import { DEBUGGER_GROUP } from '../flags/debugger.ts';
import { outputFlag } from '../flags/output.ts';
import { TARGET } from '../flags/targets.ts';
import { onInterruption } from '../interruption.ts';
import { debuggerSettings } from '../settings.ts';

export const doctorCommand = command({
  description:
    'Check what works in a cluster and for a pod or node, why something does not, and how to fix it. Nothing is changed in the cluster.\n\n' +
    'TARGET is one pod or node: pod-1, deploy/web, node/worker-1. The exit code is 0 if everything required is available, and 1 otherwise.',
  examples: [
    ['doctor', 'Check the cluster and your permissions in the current namespace'],
    ['doctor pod-1', 'Also check whether this pod can be debugged'],
    ['doctor node/worker-1', "Also check whether this node's network can be debugged"],
    ['doctor -o json | jq -r .roles', 'Print the roles to ask an administrator for'],
  ],
  arguments: [TARGET],
  flags: [{ title: 'Options', flags: { output: outputFlag(['json', 'yaml']) } }, DEBUGGER_GROUP],
  run: async ({ flags, args: [word] }) => {
    const settings = debuggerSettings(flags);
    const parsed = word === undefined ? undefined : parseTarget(word);
    const { api, namespace } = await connect(flags);
    const target = parsed && targetInNamespace(parsed, namespace);
    const interruption = onInterruption();
    const endWait = statusLine().wait('waiting for the results of the checks');
    try {
      const diagnosis = await diagnose(api, target, namespace, settings, interruption.signal);
      endWait();
      for (const { check, kind } of diagnosis.checks) if (kind) problemMoment({ kind }, check);
      const format = flags.output ?? 'table';
      await print(
        renderDiagnosis(diagnosis, format, process.stdout.columns ?? Number.POSITIVE_INFINITY),
      );
      return diagnosis.ready ? 0 : 1;
    } finally {
      endWait();
      interruption.release();
      api.close();
    }
  },
});
