/**
 * Findings about what a failover would lose, and about the servers themselves: durability, limits, clocks, versions. Pure.
 */
import type { NodeSeen } from "./seen.ts"
import type { Finding } from "./types.ts"
import { bytesText, cli, finding, listed, millisText, nodeName, releaseOf, step, versionOf, type View } from "./view.ts"

// -----------------------------------------------------------------------------
// What a failover would lose
// -----------------------------------------------------------------------------

const minReplicasOf = (node: NodeSeen): number | undefined => {
  const text = node.config["min-replicas-to-write"]
  return text === undefined ? undefined : Number(text)
}

/** Replicas report every second. */
const shortMaxLagSeconds = 5
/** The server's default. */
const longestMaxLagSeconds = 10

const setAt = (nodes: ReadonlyArray<NodeSeen>, name: string, value: string): ReadonlyArray<string> => [
  `${name} ${value}`,
  ...nodes.map((node) => cli(nodeName(node), "CONFIG", "SET", name, value))
]

const losses = (view: View): ReadonlyArray<Finding> => {
  const { answering, informed, primary } = view
  const found: Array<Finding> = []
  const replicas = Math.max(view.replicaCount, primary?.followers.length ?? 0)
  const downAfter = informed.length === 0 ? undefined : Math.max(...informed.map(({ group }) => group.downAfterMillis))
  const zero = answering.filter((node) => minReplicasOf(node) === 0)
  if (zero.length > 0 && replicas > 0) {
    found.push(finding("min-replicas-zero", {
      where: zero.map(nodeName),
      saw: `min-replicas-to-write is 0 at ${listed(zero.map(nodeName))}.${
        downAfter === undefined
          ? ""
          : ` The sentinels replace a primary that is cut off after about ${
            millisText(downAfter)
          }; it acknowledges writes until it hears of that.`
      }`,
      mend: [
        step(
          "Require a replica that has reported lately, at every node, since each can become the primary.",
          ...setAt(zero, "min-replicas-to-write", "1"),
          ...setAt(zero, "min-replicas-max-lag", String(shortMaxLagSeconds))
        )
      ]
    }))
  }
  const min = primary === undefined ? undefined : minReplicasOf(primary)
  if (primary !== undefined && min !== undefined && min > 0) {
    const good = Number(primary.info["min_slaves_good_slaves"] ?? primary.followers.length)
    if (good < min) {
      found.push(finding("min-replicas-unmet", {
        where: [nodeName(primary)],
        saw: `${nodeName(primary)} requires ${min}, and has ${good} that reported within ${
          primary.config["min-replicas-max-lag"] ?? "?"
        } s.`,
        mend: [
          step("Repair the replicas, or add one.", cli(nodeName(primary), "INFO", "replication")),
          step(
            "Until then, lower the number, knowing that writes may be lost.",
            cli(nodeName(primary), "CONFIG", "SET", "min-replicas-to-write", String(good))
          )
        ]
      }))
    }
  }
  const strict = answering.filter((node) => (minReplicasOf(node) ?? 0) > Math.max(0, replicas - 1))
  if (strict.length > 0 && replicas > 0) {
    found.push(finding("min-replicas-after-failover", {
      where: strict.map(nodeName),
      saw: `min-replicas-to-write is ${minReplicasOf(strict[0]!)} at ${
        listed(strict.map(nodeName))
      }, and the group has ${replicas === 1 ? "1 replica" : `${replicas} replicas`}: after a failover ${
        replicas - 1
      } of them follow the new primary until the old one returns.`,
      mend: [
        step("Add a replica, so that one more than the number can fail."),
        ...(replicas > 1
          ? [step("Or require fewer.", ...setAt(strict, "min-replicas-to-write", String(replicas - 1)))]
          : [])
      ]
    }))
  }
  const longest = Math.max(longestMaxLagSeconds, (downAfter ?? 0) / 1000)
  const slow = answering.filter((node) =>
    (minReplicasOf(node) ?? 0) > 0 && Number(node.config["min-replicas-max-lag"]) > longest
  )
  if (slow.length > 0) {
    found.push(finding("max-lag-long", {
      where: slow.map(nodeName),
      saw: `min-replicas-max-lag is ${slow[0]!.config["min-replicas-max-lag"]} s at ${listed(slow.map(nodeName))}${
        downAfter === undefined ? "" : `, and down-after-milliseconds is ${downAfter}`
      }.`,
      mend: [
        step(
          "Set it to 10 seconds or less; replicas report every second.",
          ...setAt(slow, "min-replicas-max-lag", String(longestMaxLagSeconds))
        )
      ]
    }))
  }
  return found
}

// -----------------------------------------------------------------------------
// Disk
// -----------------------------------------------------------------------------

const disk = ({ answering }: View): ReadonlyArray<Finding> => {
  const found: Array<Finding> = []
  const off = answering.filter(({ config }) => config["appendonly"] === "no" && config["save"] === "")
  if (off.length > 0) {
    found.push(finding("persistence-off", {
      where: off.map(nodeName),
      saw: `appendonly is no and save is empty at ${listed(off.map(nodeName))}.`,
      mend: [
        step(
          "Keep an append-only file, at every node.",
          ...setAt(off, "appendonly", "yes"),
          ...off.map((node) => cli(nodeName(node), "CONFIG", "REWRITE"))
        ),
        step("Where the data can be lost, such as in a cache, do not let the process restart by itself.")
      ]
    }))
  }
  const checks = [
    ["rdb_last_bgsave_status", "the last snapshot failed"],
    ["aof_last_write_status", "the last write to the append-only file failed"],
    ["aof_last_bgrewrite_status", "the last rewrite of the append-only file failed"]
  ] as const
  const failing = answering.flatMap((node) => {
    const problems = checks.filter(([field]) => node.info[field] === "err").map(([, says]) => says)
    return problems.length === 0 ? [] : [{ name: nodeName(node), says: `${nodeName(node)}: ${listed(problems)}` }]
  })
  if (failing.length > 0) {
    found.push(finding("persistence-failing", {
      where: failing.map(({ name }) => name),
      saw: failing.map(({ says }) => says).join("; "),
      mend: [
        step(
          "Look for the reason in the log of the node: a full disk, a folder without permission, no memory to fork."
        ),
        step(
          "Then let it write again, which clears the state.",
          ...failing.map(({ name }) => cli(name, "BGSAVE"))
        )
      ]
    }))
  }
  const without = answering.filter(({ info }) => info["config_file"] === "")
  if (without.length > 0) {
    found.push(finding("config-file-missing", {
      where: without.map(nodeName),
      saw: `${listed(without.map(nodeName))} ${without.length === 1 ? "was" : "were"} started without a file.`,
      mend: [
        step(
          "Start it with a file that it may write.",
          "redis-server /etc/redis/redis.conf"
        )
      ]
    }))
  }
  return found
}

// -----------------------------------------------------------------------------
// Limits
// -----------------------------------------------------------------------------

const nearly = 0.8
const nearlyAll = 0.9

const limits = ({ answering, primary, sentinels }: View): ReadonlyArray<Finding> => {
  const found: Array<Finding> = []
  const servers = [
    ...sentinels.map((server) => ({ name: server.address, info: server.info })),
    ...answering.map((server) => ({ name: nodeName(server), info: server.info }))
  ]
  const near = servers.filter(({ info }) => {
    const most = Number(info["maxclients"])
    return most > 0 && Number(info["connected_clients"]) >= most * nearly
  })
  if (near.length > 0) {
    found.push(finding("maxclients-near", {
      where: near.map(({ name }) => name),
      saw: near.map(({ info, name }) => `${name} has ${info["connected_clients"]} of ${info["maxclients"]} connections`)
        .join("; "),
      mend: [
        step(
          "Raise the limit, and the limit of open files of the process with it.",
          ...near.map(({ name }) => cli(name, "CONFIG", "SET", "maxclients", "10000"))
        ),
        step(
          "Look for clients that open more connections than they need.",
          ...near.map(({ name }) => cli(name, "CLIENT", "LIST"))
        )
      ]
    }))
  }
  const clients = Number(primary?.info["connected_clients"])
  const smaller = answering.filter((node) => node !== primary && Number(node.info["maxclients"]) < clients)
  if (smaller.length > 0) {
    found.push(finding("maxclients-differ", {
      where: smaller.map(nodeName),
      saw: smaller.map((node) =>
        `${nodeName(node)} accepts ${node.info["maxclients"]}, and ${nodeName(primary!)} has ${clients}`
      ).join("; "),
      mend: [
        step(
          "Set the same limit at all nodes.",
          ...setAt(smaller, "maxclients", primary!.info["maxclients"] ?? "10000")
        )
      ]
    }))
  }
  const full = answering.filter(({ config, info }) => {
    const most = Number(info["maxmemory"])
    const policy = info["maxmemory_policy"] ?? config["maxmemory-policy"]
    return most > 0 && policy === "noeviction" && Number(info["used_memory"]) > most * nearlyAll
  })
  if (full.length > 0) {
    found.push(finding("memory-near-limit", {
      where: full.map(nodeName),
      saw: full.map((node) =>
        `${nodeName(node)} uses ${bytesText(Number(node.info["used_memory"]))} of ${
          bytesText(Number(node.info["maxmemory"]))
        }`
      ).join("; "),
      mend: [
        step(
          "Raise maxmemory, delete data, or let the node evict keys.",
          ...full.map((node) => cli(nodeName(node), "CONFIG", "SET", "maxmemory-policy", "allkeys-lru"))
        )
      ]
    }))
  }
  const loading = answering.filter(({ info }) => info["loading"] === "1")
  if (loading.length > 0) {
    found.push(finding("node-loading", {
      where: loading.map(nodeName),
      saw: `${listed(loading.map(nodeName))} ${loading.length === 1 ? "is" : "are"} loading.`,
      mend: [
        step("Examine again when it has loaded.", ...loading.map((node) => cli(nodeName(node), "INFO", "persistence")))
      ]
    }))
  }
  return found
}

// -----------------------------------------------------------------------------
// Clocks and versions
// -----------------------------------------------------------------------------

const mostClockMillis = 1000

const clocks = ({ answering }: View): ReadonlyArray<Finding> => {
  const known = answering.flatMap((node) => node.clock === undefined ? [] : [{ name: nodeName(node), ...node.clock }])
  const sorted = known.toSorted((a, b) => a.aheadMillis - b.aheadMillis)
  const [first, last] = [sorted[0], sorted.at(-1)]
  if (first === undefined || last === undefined) return []
  const difference = last.aheadMillis - first.aheadMillis - last.errorMillis - first.errorMillis
  if (difference <= mostClockMillis) return []
  return [finding("clock-difference", {
    where: [first.name, last.name],
    saw: `The clock of ${last.name} is ${
      millisText(last.aheadMillis - first.aheadMillis)
    } ahead of that of ${first.name}.`,
    mend: [step("Let all machines follow a time server, and check that they do.", "chronyc tracking", "timedatectl")]
  })]
}

const versions = ({ answering, sentinels }: View): ReadonlyArray<Finding> => {
  const found: Array<Finding> = []
  const text = (servers: ReadonlyArray<{ readonly name: string; readonly info: NodeSeen["info"] }>): string =>
    servers.flatMap(({ info, name }) => {
      const version = versionOf(info)
      return version === undefined ? [] : [`${name} runs ${version.product} ${version.version}`]
    }).join("; ")
  if (new Set(answering.flatMap((node) => releaseOf(node) ?? [])).size > 1) {
    found.push(finding("versions-differ", {
      where: answering.map(nodeName),
      saw: text(answering.map((node) => ({ name: nodeName(node), info: node.info }))),
      mend: [step("Finish the upgrade: replicas first, then a failover, then the node that was the primary.")]
    }))
  }
  if (new Set(sentinels.flatMap((sentinel) => releaseOf(sentinel) ?? [])).size > 1) {
    found.push(finding("sentinel-versions-differ", {
      where: sentinels.map(({ address }) => address),
      saw: text(sentinels.map(({ address, info }) => ({ name: address, info }))),
      mend: [step("Finish the upgrade of the sentinels, one after another.")]
    }))
  }
  return found
}

/** What is wrong with the servers, and with what they keep. */
export const serverFindings = (view: View): ReadonlyArray<Finding> => [
  ...losses(view),
  ...disk(view),
  ...limits(view),
  ...clocks(view),
  ...versions(view)
]
