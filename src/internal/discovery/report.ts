/**
 * Reports on sentinels and nodes that could not be used, for the errors of discovery.
 * Pure.
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
 * The report on a sentinel or a node whose session or answer failed with this error.
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

/** Whether an answer was longer than the limit of its session. */
export const isTooLong = (cause: unknown): boolean =>
  cause instanceof ProtocolError && cause.detail.includes("a reply of more than")

/** Why a group is not found, by the reports on all sentinels. */
export const reasonOf = (reports: ReadonlyArray<Report>): SentinelsUnreachable | GroupUnknown | QuorumNotMet =>
  reports.some((r) => r.kind === "too-few-sentinels")
    ? new QuorumNotMet({ reports })
    : reports.some((r) => r.kind === "unknown-group")
    ? new GroupUnknown({ reports })
    : new SentinelsUnreachable({ reports })
