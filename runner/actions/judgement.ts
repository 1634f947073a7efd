/** What exit codes say. It is part of the evidence, for what the Runner set is not. */
export interface Judgement {
  /** Codes of a success. */
  readonly success: readonly number[];
  /** Codes that prove nothing. */
  readonly unproven: readonly number[];
}

/**
 * The judgement that was asked for: 0 is a success, and all other codes are failures.
 *
 * @throws {RangeError} A code that is both, or none that a command can end with
 */
export function judgementOf(
  { success = [0], unproven = [] }: { success?: readonly number[]; unproven?: readonly number[] },
): Judgement {
  for (const code of [...success, ...unproven]) {
    if (!Number.isInteger(code) || code < 0 || code > 255) {
      throw new RangeError(`cannot judge exit code ${code}: expected an integer from 0 to 255`);
    }
  }
  const both = success.find((code) => unproven.includes(code));
  if (both !== undefined) {
    throw new RangeError(`cannot judge exit code ${both}: it is both a success and unproven`);
  }
  return { success: [...success], unproven: [...unproven] };
}
