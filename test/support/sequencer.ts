/** The order of the test files: those that take longest come first, so that none runs alone at the end. */
import { BaseSequencer, type TestSpecification } from "vitest/node"

const longest = ["test/seeds/", "test/reads", "test/fence", "test/consumerFailovers", "test/integration/reads"]

const rankOf = ({ moduleId }: TestSpecification): number => {
  const rank = longest.findIndex((part) => moduleId.includes(`/${part}`))
  return rank < 0 ? longest.length : rank
}

export class LongestFirst extends BaseSequencer {
  override async sort(files: Array<TestSpecification>): Promise<Array<TestSpecification>> {
    return (await super.sort(files)).toSorted((a, b) => rankOf(a) - rankOf(b))
  }
}
