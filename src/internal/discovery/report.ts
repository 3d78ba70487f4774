/**
 * What a failed question says of a sentinel or a node, for the errors of discovery.
 */
import {
  GroupUnknown,
  ProtocolError,
  QuorumNotMet,
  type ReplyError,
  Report,
  SentinelsUnreachable,
  type UnexpectedReply
} from "../../Errors.ts"
import type { OpenError } from "../connection/types.ts"

/**
 * What a failed session says of a sentinel or a node.
 *
 * @since 0.1.0
 * @category errors
 */
export const reportOf = (
  address: string,
  error: OpenError | ReplyError | UnexpectedReply
): Report => {
  const detail = error.message
  switch (error._tag) {
    case "AuthenticationFailed":
      return new Report({ address, kind: "denied", detail, cause: error })
    case "ProtocolError":
      return new Report({ address, kind: "not-a-sentinel", detail, cause: error })
    case "UnexpectedReply":
      return new Report({ address, kind: "bad-answer", detail, cause: error })
    case "RoleMismatch":
      return new Report({ address, kind: "wrong-role", detail, cause: error })
    case "ReplyError":
      return new Report({
        address,
        kind: error.code === "NOAUTH" || error.code === "NOPERM"
          ? "denied"
          : /unknown command/i.test(error.detail)
          ? "not-a-sentinel"
          : /no such (master|primary)/i.test(error.detail)
          ? "unknown-group"
          : "bad-answer",
        detail,
        cause: error
      })
    default:
      return new Report({ address, kind: "unreachable", detail, cause: error })
  }
}

/** Whether an answer was longer than may be. */
export const isTooLong = (cause: unknown): boolean =>
  cause instanceof ProtocolError && cause.detail.includes("a reply of more than")

export const reasonOf = (reports: ReadonlyArray<Report>): SentinelsUnreachable | GroupUnknown | QuorumNotMet =>
  reports.some((r) => r.kind === "too-few-sentinels")
    ? new QuorumNotMet({ reports })
    : reports.some((r) => r.kind === "unknown-group")
    ? new GroupUnknown({ reports })
    : new SentinelsUnreachable({ reports })
