import { BROWSER_CLAIMS } from "./browser-claims";
import { HTTP_CLAIMS } from "./http-claims";
import type { Site } from "./site";

/** Something that a user would say of the app. */
export interface Claim {
  readonly title: string;
  prove(site: Site): Promise<void>;
}

/** True in every layout. */
export const CLAIMS: readonly Claim[] = [...HTTP_CLAIMS, ...BROWSER_CLAIMS];
