import { BaseSequencer, type TestSpecification } from 'vitest/node';

/**
 * Starts files that start gateways first: begun last, the longest of them would run alone in the end. The rest comes in
 * vitest's own order, the larger files first.
 */
export class LongFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files);
    const { long = [], short = [] } = Object.groupBy(sorted, ({ moduleId }) =>
      /\/test\/(acceptance|guides)\//.test(moduleId) ? 'long' : 'short',
    );
    return [...long, ...short];
  }
}
