import { mergeConfig } from "vitest/config";
import { BaseSequencer, type TestSpecification } from "vitest/node";
import base from "../../vitest.config";

/** The order that the variable gives. Vitest's own begins with the slowest files. */
class InOrder extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const order = process.env.TEST_ORDER?.split(",") ?? [];
    const rank = ({ moduleId }: TestSpecification) => {
      const at = order.findIndex((path) => moduleId.endsWith(path));
      return at < 0 ? order.length : at;
    };
    return files.sort((a, b) => rank(a) - rank(b));
  }
}

export default mergeConfig(base, { test: { sequence: { sequencer: InOrder } } });
