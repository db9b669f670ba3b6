/**
 * All results, like Promise.all, but when one fails only after every other has come to its end too:
 * what the others have started by then can be closed.
 */
export async function settleAll<Values extends readonly unknown[]>(
  promises: {
    readonly [Index in keyof Values]: Promise<Values[Index]>;
  },
): Promise<Values> {
  await Promise.allSettled(promises);
  return (await Promise.all(promises)) as unknown as Values;
}
