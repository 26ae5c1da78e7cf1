// The time as tokens and cookies write it.

/** Seconds since the epoch, as in JWTs. */
export const now = (): number => Math.floor(Date.now() / 1000);
