/** Why the daemon did not do something. */

/** Not done. `code` is stable; "unreachable" when nobody answered. */
export class Refusal extends Error {
  constructor(
    readonly code: string,
    message: string,
    readonly retryAfterS = 0,
  ) {
    super(message);
  }
}
