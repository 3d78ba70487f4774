/**
 * Which errors pass by themselves: the rule of all that waits out outages.
 */
import { assert, it } from "@effect/vitest"
import {
  AmbiguousOutcome,
  AuthenticationFailed,
  ClientClosed,
  ConnectFailed,
  ConnectionLost,
  InvalidCommand,
  ProtocolError,
  type RedisError,
  ReplyError
} from "../src/Errors.ts"
import { passes, refusals, temporaryRefusals } from "../src/internal/common/passing.ts"

const reply = (code: string) => new ReplyError({ code, detail: code, command: "PING" })
const lost = new ConnectionLost({ address: "a:1", kind: "closed", detail: "it ended" })

it("states of servers and connections pass; what is about the request does not", () => {
  const passing: ReadonlyArray<RedisError> = [
    ...[...refusals, ...temporaryRefusals, "MISCONF", "OOM", "UNBLOCKED"].map(reply),
    lost,
    new AmbiguousOutcome({ command: "BLPOP", cause: lost }),
    new ProtocolError({ address: "a:1", detail: "no RESP", bytes: "x" })
  ]
  for (const error of passing) {
    for (const hasWorked of [false, true]) assert.isTrue(passes(error, hasWorked), error.message)
  }
  const lasting: ReadonlyArray<RedisError> = [
    ...["ERR", "WRONGTYPE", "NOPERM", "NOAUTH", "WRONGPASS", "NOGROUP", "CROSSSLOT", "MINE"].map(reply),
    new ClientClosed({ target: "a" }),
    new InvalidCommand({ command: "BLPOP", detail: "no" })
  ]
  for (const error of lasting) {
    for (const hasWorked of [false, true]) assert.isFalse(passes(error, hasWorked), error.message)
  }
})

it("a configuration that was right once may be right again", () => {
  const wrongPassword = new AuthenticationFailed({ address: "a:1", code: "WRONGPASS", detail: "AUTH" })
  const noHost = new ConnectFailed({ address: "a:1", phase: "dial", permanent: true, detail: "no such host" })
  for (const error of [wrongPassword, noHost]) {
    assert.isFalse(passes(error, false), error.message)
    assert.isTrue(passes(error, true), error.message)
  }
})
