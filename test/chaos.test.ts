/** How the harness of chaos/ judges messages: which are lost, and which of these were told by a gap. */
import { assert, describe, it } from "@effect/vitest"
import { lossesOf } from "../chaos/applications/messages.ts"

const gap = undefined

describe("the judgement of messages", () => {
  it("finds nothing where everything came in order, with or without gaps", () => {
    assert.deepStrictEqual(lossesOf([0, 1, 2], [0, 1, 2]), { lost: 0, untold: 0, disorder: 0 })
    assert.deepStrictEqual(lossesOf([0, 1, 2], [0, gap, 1, 2, gap]), { lost: 0, untold: 0, disorder: 0 })
  })

  it("counts a loss as told only if a gap stands between the messages around it", () => {
    assert.deepStrictEqual(lossesOf([0, 1, 2, 3], [0, gap, 3]), { lost: 2, untold: 0, disorder: 0 })
    assert.deepStrictEqual(lossesOf([0, 1, 2, 3], [0, 3, gap]), { lost: 2, untold: 2, disorder: 0 })
    assert.deepStrictEqual(lossesOf([0, 1, 2, 3], [gap, 0, 3]), { lost: 2, untold: 2, disorder: 0 })
    assert.deepStrictEqual(lossesOf([0, 1, 2, 3], [0, gap, 1, 3]), { lost: 1, untold: 1, disorder: 0 })
  })

  it("counts losses before the first message and after the last one", () => {
    assert.deepStrictEqual(lossesOf([0, 1, 2], [1]), { lost: 2, untold: 2, disorder: 0 })
    assert.deepStrictEqual(lossesOf([0, 1, 2], [gap, 1, gap]), { lost: 2, untold: 0, disorder: 0 })
    assert.deepStrictEqual(lossesOf([0, 1], []), { lost: 2, untold: 2, disorder: 0 })
    assert.deepStrictEqual(lossesOf([0, 1], [gap]), { lost: 2, untold: 0, disorder: 0 })
  })

  it("asks nothing of messages that were not acknowledged", () => {
    assert.deepStrictEqual(lossesOf([0, 3], [0, 2, 3]), { lost: 0, untold: 0, disorder: 0 })
  })

  it("counts messages that come again, or after a later one", () => {
    assert.deepStrictEqual(lossesOf([0, 1, 2], [0, 2, 1]), { lost: 0, untold: 0, disorder: 1 })
    assert.deepStrictEqual(lossesOf([0, 1], [0, 1, 1, 0]), { lost: 0, untold: 0, disorder: 2 })
  })
})
