/**
 * The messages of errors whose `cause` is anything that an application may put there.
 */
import { assert, describe, it } from "@effect/vitest"
import * as Errors from "../src/Errors.ts"

const causes: ReadonlyArray<readonly [what: string, cause: unknown]> = [
  ["an object without a prototype", Object.create(null)],
  ["an object whose toString throws", {
    toString: () => {
      throw new Error("toString")
    }
  }],
  ["an object whose toString gives an object", { toString: () => ({}) }],
  ["a symbol", Symbol("why")],
  ["undefined", undefined],
  ["null", null],
  ["a record", { password: "secret" }],
  ["an array that holds one without a prototype", [Object.create(null)]],
  [
    "an Error whose message throws",
    Object.defineProperty(new Error("x"), "message", {
      get: () => {
        throw new Error("message")
      }
    })
  ],
  ["an Error whose message is a symbol", Object.assign(new Error("x"), { message: Symbol("why") })]
]

const withCause: ReadonlyArray<readonly [tag: string, make: (cause: unknown) => Error]> = [
  ["AmbiguousOutcome", (cause) => new Errors.AmbiguousOutcome({ command: "INCR", cause })],
  ["DeadlineExceeded", (cause) => new Errors.DeadlineExceeded({ command: "INCR", timeoutMillis: 10, cause })],
  [
    "NotReplicated",
    (cause) => new Errors.NotReplicated({ requested: 1, acknowledged: 0, timeoutMillis: 10, cause })
  ]
]

describe("the message of an error", () => {
  for (const [tag, make] of withCause) {
    for (const [what, cause] of causes) {
      it(`${tag} with ${what} as its cause`, () => {
        const { message } = make(cause)
        assert.isString(message)
        assert.notInclude(message, "secret")
        assert.notInclude(message, "[object")
        assert.notMatch(message, /: $|undefined|null/)
      })
    }
    it(`${tag} with an Error as its cause`, () => {
      assert.match(make(new Error("the line is cut")).message, /: the line is cut$/)
    })
  }

  it("of AmbiguousOutcome has a cause that is text", () => {
    const error = new Errors.AmbiguousOutcome({ command: "INCR", cause: "the line is cut" })
    assert.strictEqual(
      error.message,
      "INCR was sent, but no reply came, so it may or may not have been applied: the line is cut"
    )
  })

  it("of what is about the reports of sentinels does not read their causes", () => {
    for (const [, cause] of causes) {
      const report = new Errors.Report({ address: "10.0.0.1:26379", kind: "unreachable", detail: "refused", cause })
      const reason = new Errors.SentinelsUnreachable({ reports: [report] })
      const error = new Errors.PrimaryNotFound({ group: "mymaster", reason })
      assert.include(error.message, "10.0.0.1:26379: refused")
      assert.isTrue(error.isRetryable)
    }
  })
})
