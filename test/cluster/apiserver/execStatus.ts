import { isObject, objectAt, objectsAt, stringAt } from './json.ts';

/** The messages of the status channel, with the wording of protocol v5's translator in the API server. */

export function exitStatus(code: number): string {
  if (code === 0) return JSON.stringify({ metadata: {}, status: 'Success' });
  return goJson({
    metadata: {},
    status: 'Failure',
    message: `command terminated with non-zero exit code: command terminated with exit code ${code}`,
    reason: 'NonZeroExitCode',
    details: { causes: [{ reason: 'ExitCode', message: String(code) }] },
  });
}

/** The status if the runtime could not start the command. `why` is the runtime's message. */
export function startFailureStatus(why: string): string {
  const cause = `Internal error occurred: error executing command in container: ${why}`;
  return goJson({
    metadata: {},
    status: 'Failure',
    message: `Internal error occurred: ${cause}`,
    reason: 'InternalError',
    details: { causes: [{ message: cause }] },
    code: 500,
  });
}

/** Converts a v4 status of the runtime to v5. */
export function translateStatus(v4: string): string {
  const status: unknown = JSON.parse(v4);
  if (!isObject(status) || status.status === 'Success') return v4;
  const [cause] = objectsAt(objectAt(status.details).causes);
  if (status.reason === 'NonZeroExitCode') return exitStatus(Number(cause?.message));
  const why = stringAt(cause?.message).replace('error executing command in container: ', '');
  return startFailureStatus(why);
}

// Go's JSON encoder escapes characters that could end a script element.
function goJson(value: unknown): string {
  return JSON.stringify(value).replace(
    /[<>&]/g,
    (sign) => `\\u00${sign.charCodeAt(0).toString(16)}`,
  );
}
