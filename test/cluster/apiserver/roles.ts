import { required } from './fieldErrors.ts';
import { objectsAt } from './json.ts';
import { invalid } from './status.ts';
import type { Strategy } from './strategy.ts';

/** Roles and cluster roles, whose rules must have verbs. */
export const roles: Strategy = {
  prepareCreate({ kind }, role) {
    const causes = objectsAt(role.rules).flatMap(({ verbs }, index) =>
      Array.isArray(verbs) && verbs.length > 0
        ? []
        : [required(`rules[${index}].verbs`, 'verbs must contain at least one value')],
    );
    if (causes.length > 0) throw invalid(kind, role.metadata.name, causes);
  },
};
