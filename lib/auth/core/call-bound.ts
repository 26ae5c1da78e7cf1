// Bounds the calls to Cognito that made-up credentials can cause.
import { now } from "./encoding";
import { AuthError } from "./errors";

const CALLS_PER_SECOND = 30;

/**
 * Lets at most 30 calls a second through; with `isRefunded`, calls that succeed do not count. Above that it throws
 * `token_endpoint_unavailable` without a call: nothing is lost, and the user can try again.
 */
export class CallBound {
  readonly #isRefunded: boolean;
  #second = 0;
  #calls = 0;

  constructor(isRefunded: boolean) {
    this.#isRefunded = isRefunded;
  }

  async run<T>(call: () => Promise<T>): Promise<T> {
    if (this.#second !== now()) [this.#second, this.#calls] = [now(), 0];
    if (this.#calls >= CALLS_PER_SECOND) throw new AuthError("token_endpoint_unavailable", "Too many unproven grants");
    this.#calls += 1;
    const result = await call();
    if (this.#isRefunded) this.#calls = Math.max(0, this.#calls - 1);
    return result;
  }
}
