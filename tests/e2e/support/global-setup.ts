import { buildVariant, VARIANTS } from "./variants";

/** One after the other: a build takes every core there is. */
export default async function setup(): Promise<void> {
  for (const variant of VARIANTS) await buildVariant(variant);
}
