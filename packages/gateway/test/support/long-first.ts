import { BaseSequencer, type TestSpecification } from 'vitest/node';

/** In whose order they start. What is of none of these comes last. */
const groups: readonly RegExp[] = [
  // They wait more than they work, for limits to pass: the static checks run beside them.
  /\/src\/(pool|registry\/watch|storage\/engines|upstreams\/relay)\//,
  // They start gateways, and take longest: begun last, the longest of them would run alone in the end.
  /\/test\/(acceptance|guides)\//,
];

/** Starts files that take long first. Those of a group come in vitest's own order, the larger ones first. */
export class LongFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files);
    const groupOf = ({ moduleId }: TestSpecification) => {
      const group = groups.findIndex((paths) => paths.test(moduleId));
      return group === -1 ? groups.length : group;
    };
    return sorted.toSorted((one, other) => groupOf(one) - groupOf(other));
  }
}
