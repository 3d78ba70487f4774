/**
 * What an examination of a deployment reports. Types only; what is seen of a deployment before it is judged is in
 * seen.ts.
 */
import type { Code, Severity } from "./catalogue.ts"

export type { Severity } from "./catalogue.ts"

/**
 * One step of how a finding is mended.
 *
 * @since 0.1.0
 * @category models
 */
export interface Remedy {
  /** What to do, in a sentence. */
  readonly text: string
  /** The commands to run, or the lines of a configuration file. */
  readonly lines: ReadonlyArray<string>
}

/**
 * Something that is wrong with a deployment.
 *
 * @since 0.1.0
 * @category models
 */
export interface Finding {
  /** The stable name of what is wrong, such as `"no-replicas"`. docs/doctor.md explains each. */
  readonly code: Code
  /** How bad it is. */
  readonly severity: Severity
  /** The addresses of the sentinels and nodes that have it; empty if it is the whole group. */
  readonly where: ReadonlyArray<string>
  /** What is wrong, in a few words. */
  readonly title: string
  /** What was seen at this deployment. */
  readonly saw: string
  /** Why it matters. */
  readonly why: string
  /** How to mend it, step by step. */
  readonly mend: ReadonlyArray<Remedy>
}

/**
 * A sentinel, as the examination found it.
 *
 * @since 0.1.0
 * @category models
 */
export interface ExaminedSentinel {
  /** Its address, as it was dialled. */
  readonly address: string
  /** Whether it answered. */
  readonly isReachable: boolean
  /** Why it did not answer; undefined if it did. */
  readonly failure: string | undefined
  /** The product and version, such as `"Redis 8.0.2"`; undefined if unknown. */
  readonly version: string | undefined
  /** The address that it gives for the primary; undefined if it gives none. */
  readonly primary: string | undefined
  /** The configuration epoch of the group; undefined if unknown. */
  readonly epoch: number | undefined
  /** The quorum of the group; undefined if unknown. */
  readonly quorum: number | undefined
}

/**
 * A node of the group, as the examination found it.
 *
 * @since 0.1.0
 * @category models
 */
export interface ExaminedNode {
  /** Its address, as the sentinels announce it. */
  readonly address: string
  /** The role that it gives itself, or that the sentinels give it where it does not answer. */
  readonly role: "primary" | "replica"
  /** Whether it answered. */
  readonly isReachable: boolean
  /** Why it did not answer; undefined if it did. */
  readonly failure: string | undefined
  /** The product and version, such as `"Valkey 9.1.0"`; undefined if unknown. */
  readonly version: string | undefined
  /** Its replication offset in bytes; undefined if unknown. */
  readonly offset: number | undefined
  /** Of a replica: by how many bytes the primary was ahead of it; undefined if unknown. */
  readonly lagBytes: number | undefined
  /** Of a replica: whether its link to its primary is up; undefined if unknown. */
  readonly isLinkUp: boolean | undefined
}

/**
 * Something that could not be examined, which is no finding by itself.
 *
 * @since 0.1.0
 * @category models
 */
export interface LeftOut {
  /** The address of the sentinel or node. */
  readonly where: string
  /** What was not examined. */
  readonly what: string
  /** Why, such as the permission that is missing. */
  readonly why: string
}

/**
 * The result of an examination.
 *
 * - `"healthy"`: no finding
 * - `"warnings"`: warnings only
 * - `"problems"`: at least one problem
 * - `"not-examined"`: no sentinel gave an answer about the group, so that nothing can be said of its nodes
 *
 * @since 0.1.0
 * @category models
 */
export type Verdict = "healthy" | "warnings" | "problems" | "not-examined"

/**
 * What an examination found. It contains no password, and nothing of the configuration but what a finding says.
 *
 * @since 0.1.0
 * @category models
 */
export interface Report {
  /** The name of the group. */
  readonly group: string
  /** The result. */
  readonly verdict: Verdict
  /** When the examination began, in milliseconds since 1970. */
  readonly examinedAtMillis: number
  /** How long it took, in milliseconds. */
  readonly durationMillis: number
  /** What is wrong, problems first. */
  readonly findings: ReadonlyArray<Finding>
  /** The sentinels: those that were given, and those that they list. */
  readonly sentinels: ReadonlyArray<ExaminedSentinel>
  /** The nodes of the group: the primary first. */
  readonly nodes: ReadonlyArray<ExaminedNode>
  /** What could not be examined, and why. */
  readonly leftOut: ReadonlyArray<LeftOut>
}
