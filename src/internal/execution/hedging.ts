/**
 * Lets a second server answer what the first is late with.
 */
import * as Resp from "../../Resp.ts"
import { Call } from "../connection/call.ts"
import type { Connection } from "../connection/connection.ts"
import { isRefusal, PendingOperation } from "./operation.ts"
import { hedged, type PendingPipeline, PipelineEntry } from "./pipeline.ts"
import { abortReason } from "./transaction.ts"

/**
 * Lets another server answer, too, what one is late with: the first answer
 * counts. Only reads, and none of a scan, whose place is at the one server.
 * What is not written yet goes there by itself.
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
    if (hedged.has(request) || request.owner.isReserved) continue
    hedged.add(request)
    request.owner.execution.count("repeated")
    const values: Array<Resp.Value> = []
    for (const part of request.parts) {
      to.enqueue(
        new Call(
          part,
          (value) => {
            if (values.push(value) < request.replies || !request.isPending) return
            // Another server's own state is no answer.
            if (values.some((v) => v instanceof Resp.ErrorReply && isRefusal(abortReason(v)))) return
            request.restart()
            request.connection = to
            for (const each of values) request.onReply(each)
          },
          () => void hedged.delete(request)
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
