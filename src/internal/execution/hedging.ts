/**
 * Asks a second server for the replies that the first one is late with: the first
 * reply counts.
 */
import * as Resp from "../../Resp.ts"
import { Call } from "../connection/call.ts"
import type { Connection } from "../connection/connection.ts"
import { isRefusal, PendingOperation } from "./operation.ts"
import { hedgedRequests, type PendingPipeline, PipelineEntry } from "./pipeline.ts"
import { isLacking } from "./scripts.ts"
import { abortReason } from "./transaction.ts"

/**
 * Asks another server for what a connection is late with. Only reads, and no page of
 * a scan, which belongs to one server. Operations that are not written yet go to the
 * other server alone.
 */
export const hedge = (from: Connection, to: Connection, arm: (deadline: number) => void): void => {
  if (!to.open) return
  const batches = new Set<PendingPipeline>()
  for (const request of from.unanswered) {
    if (request instanceof PipelineEntry) {
      batches.add(request.batch)
      continue
    }
    if (
      !(request instanceof PendingOperation) || !request.isPending || request.writes || request.position !== undefined
    ) {
      continue
    }
    if (hedgedRequests.has(request) || request.owner.isReserved) continue
    hedgedRequests.add(request)
    request.owner.execution.count("repeated")
    request.trace?.hedged(to)
    const values: Array<Resp.Value> = []
    const { scripts } = request.owner.execution
    const parts = request.parts.some((part) => part.spec.needs !== undefined)
      ? scripts.prepare(to, false, request.parts, true)
      : request.parts
    for (const part of parts) {
      to.enqueue(
        new Call(
          part,
          (value) => {
            if (values.push(value) < request.replies || !request.isPending) return
            // A refusal for the other server's own state does not count.
            if (values.some((v, i) => v instanceof Resp.ErrorReply && isRefusal(parts[i]!, abortReason(v)))) return
            if (values.some((v, i) => v instanceof Resp.ErrorReply && isLacking(parts[i]!, v))) return
            request.restart()
            request.connection = to
            request.trace?.sent(to)
            for (const each of values) request.onReply(each)
          },
          () => void hedgedRequests.delete(request)
        )
      )
    }
  }
  for (const request of from.recall()) {
    if (request instanceof PipelineEntry) {
      batches.add(request.batch)
      from.enqueue(request)
    } else if (
      request instanceof PendingOperation && request.position === undefined &&
      !request.owner.isReserved
    ) {
      arm(request.deadline)
      request.dispatch(to)
    } else from.enqueue(request)
  }
  for (const batch of batches) batch.hedge(to)
}
