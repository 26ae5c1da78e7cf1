import { buildVariant, VARIANTS } from "./variants";

/** Builds two variants at a time: one build uses little more than one core. */
export default async function setup(): Promise<void> {
  const queue = [...VARIANTS];
  const work = async () => {
    for (let variant = queue.shift(); variant; variant = queue.shift()) await buildVariant(variant);
  };
  await Promise.all([work(), work()]);
}
