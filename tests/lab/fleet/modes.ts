import type { Settings } from "../../cognito/index";

/** Where sessions are, and how the user pool treats refresh tokens. */
export interface Mode {
  readonly name: string;
  readonly settings: Partial<Settings>;
}

const fixed: Mode["settings"] = { rotation: false };
const rotating = (graceSeconds: number): Mode["settings"] => ({ rotation: true, graceSeconds, graceReuse: "another" });

export const IN_COOKIES: readonly Mode[] = [
  { name: "cookies", settings: fixed },
  { name: "cookies, rotation, grace 60 s", settings: rotating(60) },
  { name: "cookies, rotation, no grace", settings: rotating(0) },
];

export const IN_STORE: readonly Mode[] = [
  { name: "store", settings: fixed },
  { name: "store, rotation, grace 60 s", settings: rotating(60) },
  { name: "store, rotation, no grace", settings: rotating(0) },
];

/** The only good refresh token dies with the server that has the lease: no kit can help. */
export const LOSING: Mode = { name: "rotation, no grace*", settings: rotating(0) };

/** With less grace the only good refresh token can die with the server that has the lease. */
export const SURVIVING: readonly Mode[] = [
  { name: "no rotation", settings: fixed },
  { name: "rotation, grace 60 s", settings: rotating(60) },
  { name: "rotation, grace 20 s", settings: rotating(20) },
];
