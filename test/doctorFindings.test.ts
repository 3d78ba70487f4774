/**
 * What the doctor finds in what it has seen: each code from data alone, a healthy deployment without a finding, and the
 * documentation of the codes. The same on real servers is in integration/doctor.test.ts.
 */
import { assert, describe, it } from "@effect/vitest"
import * as Redacted from "effect/Redacted"
import { readFileSync } from "node:fs"
import * as Path from "node:path"
import { catalogue, type Code, families } from "../src/internal/doctor/catalogue.ts"
import { judge } from "../src/internal/doctor/judge.ts"
import type { Report } from "../src/internal/doctor/types.ts"
import { cli } from "../src/internal/doctor/view.ts"
import { at, type Draft, failure, seenWith } from "./support/seen.ts"

const reportOf = (change: (draft: Draft) => void): Report => judge(seenWith(change), 12, new Set())

const codesOf = (change: (draft: Draft) => void): ReadonlyArray<Code> =>
  reportOf(change).findings.map(({ code }) => code)

const everySentinel = (change: (sentinel: Draft["sentinels"][number]) => void) => (draft: Draft): void =>
  draft.sentinels.forEach(change)
const everyNode = (change: (node: Draft["nodes"][number], i: number) => void) => (draft: Draft): void =>
  draft.nodes.forEach(change)

const flagged = (sentinel: Draft["sentinels"][number], i: number, ...flags: ReadonlyArray<string>): void => {
  sentinel.group.replicas = sentinel.group.replicas!.map((replica, n) =>
    n === i ? { ...replica, flags: new Set(flags) } : replica
  )
}

const configured = (name: string, value: string) => (node: Draft["nodes"][number]): void => {
  node.config = { ...node.config, [name]: value }
}
const informed = (name: string, value: string) => (server: { info: Readonly<Record<string, string>> }): void => {
  server.info = { ...server.info, [name]: value }
}

const refusedTls = (detail: string, code = "") =>
  everyNode((node) => {
    node.failure = failure("tls", detail, code)
  })

/** Each code, with a change that makes it, and only it. */
const cases: Readonly<Record<Code, (draft: Draft) => void>> = {
  "sentinels-unreachable": everySentinel((sentinel) => {
    sentinel.failure = failure("dial", "connect ECONNREFUSED", "ECONNREFUSED")
    Object.assign(sentinel, { group: undefined, info: {} })
  }),
  "sentinel-unreachable": ({ sentinels: [, , third] }) => {
    third!.failure = failure("dial", "connect ECONNREFUSED", "ECONNREFUSED")
    Object.assign(third!, { group: undefined, info: {} })
  },
  "no-majority": ({ sentinels: [first] }) => {
    first!.group.noQuorum = "NOQUORUM 1 usable Sentinels. Not enough available Sentinels"
  },
  "too-few-sentinels": ({ sentinels }) => {
    sentinels.pop()
    for (const sentinel of sentinels) {
      sentinel.group.otherSentinels = 1
      sentinel.group.peers = sentinel.group.peers!.filter(({ id }) => id !== "id-3")
    }
  },
  "quorum-too-high": everySentinel(({ group }) => {
    group.quorum = 4
    group.noQuorum = "NOQUORUM"
  }),
  "quorum-of-one": everySentinel(({ group }) => void (group.quorum = 1)),
  "settings-differ": ({ sentinels: [first] }) => void (first!.group.downAfterMillis = 10_000),
  "primary-disagreement": ({ sentinels: [first] }) => {
    first!.group.primary = { host: "10.0.0.2", port: 6379 }
    first!.group.replicas = [first!.group.replicas![1]!]
  },
  "epoch-disagreement": ({ sentinels: [first] }) => void (first!.group.epoch = 2),
  "sentinels-disagree-on-number": ({ sentinels: [first] }) => void (first!.group.otherSentinels = 3),
  "sentinels-cut-off": ({ sentinels: [first] }) => {
    first!.group.peers = first!.group.peers!.map((peer) => ({ ...peer, flags: new Set(["sentinel", "s_down"]) }))
  },
  "sentinel-id-twice": ({ sentinels }) => {
    sentinels.push({
      ...sentinels[0]!,
      address: "10.0.1.9:26379",
      info: { ...sentinels[0]!.info, run_id: "process-9" }
    })
  },
  "group-unknown": ({ sentinels: [first] }) => {
    first!.isGroupUnknown = true
    Object.assign(first!, { group: undefined })
  },
  "group-name-shared": ({ nodes, sentinels }) => {
    const own = (i: number) => ({ host: `10.1.0.${i}`, port: 6379 })
    sentinels.push({
      ...sentinels[0]!,
      address: "10.1.1.1:26379",
      id: "id-x",
      info: { ...sentinels[0]!.info, run_id: "process-x" },
      group: {
        ...sentinels[0]!.group,
        primary: own(1),
        primaryRunId: "run-x",
        peers: [],
        otherSentinels: 0,
        replicas: []
      }
    })
    nodes.push({
      ...nodes[0]!,
      address: "10.1.0.1:6379",
      announced: own(1),
      namedBy: ["10.1.1.1:26379"],
      info: { ...nodes[0]!.info, run_id: "run-x" }
    })
  },
  "primary-in-two-groups": ({ sentinels: [first] }) => {
    first!.groups = [...first!.groups, { name: "other", primary: { host: "10.0.0.1", port: 6379 } }]
  },
  "primary-down": ({ nodes: [primary], sentinels }) => {
    for (const { group } of sentinels) group.flags = new Set(["master", "s_down", "o_down"])
    primary!.failure = failure("dial", "connect ECONNREFUSED", "ECONNREFUSED")
    primary!.isSeenUp = false
    Object.assign(primary!, { followers: [], role: undefined, info: {}, config: {} })
  },
  "primary-not-seen": ({ sentinels: [first] }) => void (first!.group.flags = new Set(["master", "s_down"])),
  "failover-running": ({ sentinels: [first] }) => {
    first!.group.flags = new Set(["master", "failover_in_progress"])
  },
  "sentinel-tilt": ({ sentinels: [first] }) => informed("sentinel_tilt", "1")(first!),
  "down-after-short": everySentinel(({ group }) => void (group.downAfterMillis = 500)),
  "down-after-long": everySentinel(({ group }) => void (group.downAfterMillis = 90_000)),
  "hostnames-unresolved": everySentinel((sentinel) => {
    sentinel.config = { "resolve-hostnames": "no", "announce-hostnames": "yes" }
  }),
  "hostnames-differ": ({ sentinels: [first] }) => {
    first!.config = { "resolve-hostnames": "yes", "announce-hostnames": "yes" }
  },
  "replica-unknown": ({ sentinels: [first] }) => void (first!.group.replicas = [first!.group.replicas![0]!]),
  "address-loopback": ({ nodes, sentinels }) => {
    const loopback = { host: "127.0.0.1", port: 6379 }
    for (const { group } of sentinels) group.primary = loopback
    nodes[0]!.announced = loopback
    for (const replica of nodes.slice(1)) replica.follows = { ...loopback, isLinkUp: true }
  },
  "address-unresolvable": ({ nodes: [, second] }) => {
    second!.failure = failure("resolve", "getaddrinfo ENOTFOUND redis-1", "ENOTFOUND")
  },
  "address-unreachable": ({ nodes: [, second] }) => {
    second!.failure = failure("handshake", "no session within 1920 ms (connectTimeout)")
  },
  "node-down": ({ nodes: [, second], sentinels }) => {
    second!.failure = failure("dial", "connect ECONNREFUSED", "ECONNREFUSED")
    second!.isSeenUp = false
    for (const sentinel of sentinels) flagged(sentinel, 0, "slave", "s_down")
  },
  "auth-required": everyNode((node) => void (node.failure = failure("auth-required", "HELLO: NOAUTH"))),
  "auth-failed": ({ nodes: [, second] }) => void (second!.failure = failure("auth-failed", "HELLO: WRONGPASS")),
  "session-refused": everyNode((node) =>
    void (node.failure = failure("refused", "SELECT 99: ERR DB index is out of range"))
  ),
  "permissions-missing": ({ sentinels: [first] }) =>
    void (first!.denied = ["channels", "sentinel|replicas", "subscribe"]),
  "sentinel-user-permissions": ({ nodes: [first] }) => {
    first!.sentinelUsers = [{ user: "watcher", denied: ["+slaveof", "&__sentinel__:hello"] }]
  },
  "replication-user-permissions": ({ nodes: [first] }) => {
    first!.replicationUsers = [{ user: "replica", denied: ["+psync"] }]
  },
  "passwords-differ": ({ nodes: [, second] }) => {
    second!.requirepass = Redacted.make("another-secret")
  },
  "protected-mode": (draft) => {
    draft.hasNodePassword = false
    for (const node of draft.nodes) node.requirepass = node.masterauth = Redacted.make("")
  },
  "open-to-everyone": (draft) => {
    draft.hasNodePassword = false
    for (const node of draft.nodes) {
      node.requirepass = node.masterauth = Redacted.make("")
      configured("protected-mode", "no")(node)
    }
  },
  "command-missing": ({ nodes: [first] }) => void (first!.missingCommands = ["config"]),
  "tls-required": refusedTls("the server speaks TLS at this port: set the option tls"),
  "tls-not-spoken": refusedTls("the server does not speak TLS at this port (wrong version number)"),
  "tls-name": refusedTls("the server's certificate is for another name: expected 10.0.0.1, found DNS:redis"),
  "tls-expired": refusedTls("the server's certificate has expired: expected 10.0.0.1", "CERT_HAS_EXPIRED"),
  "tls-expires-soon": everyNode((node) => {
    node.certificate = { validToMillis: at + 5 * 86_400_000, names: "DNS:redis" }
  }),
  "tls-untrusted": refusedTls("the server's certificate is not trusted: expected 10.0.0.1"),
  "tls-client-certificate": refusedTls("the server requires a client certificate: set tls.cert and tls.key"),
  "tls-failed": refusedTls("client and server have no version or cipher of TLS in common"),
  "no-replicas": ({ nodes, sentinels }) => {
    nodes.splice(1)
    nodes[0]!.followers = []
    configured("min-replicas-to-write", "0")(nodes[0]!)
    for (const { group } of sentinels) group.replicas = []
  },
  "no-candidate": ({ nodes }) => nodes.slice(1).forEach(configured("replica-priority", "0")),
  "replica-priority-zero": ({ nodes: [, second] }) => configured("replica-priority", "0")(second!),
  "replica-link-down": ({ nodes: [, second] }) => {
    second!.follows = { ...second!.follows!, isLinkUp: false }
  },
  "replica-lag": ({ nodes: [first] }) => {
    first!.followers = first!.followers.map((follower, i) => i === 0 ? { ...follower, lagSeconds: 30 } : follower)
  },
  "replica-follows-another": ({ nodes: [first, second] }) => {
    second!.follows = { host: "10.0.0.3", port: 6379, isLinkUp: true }
    first!.followers = first!.followers.slice(1)
  },
  "replica-writable": ({ nodes: [, second] }) => configured("replica-read-only", "no")(second!),
  "masterauth-missing": ({ nodes: [first] }) => void (first!.masterauth = Redacted.make("")),
  "masterauth-wrong": ({ nodes: [, second] }) => void (second!.masterauth = Redacted.make("another-secret")),
  "role-conflict": ({ nodes: [, second] }) => {
    second!.role = "primary"
    second!.follows = undefined
  },
  "min-replicas-zero": everyNode(configured("min-replicas-to-write", "0")),
  "min-replicas-unmet": ({ nodes: [first] }) => informed("min_slaves_good_slaves", "0")(first!),
  "min-replicas-after-failover": everyNode(configured("min-replicas-to-write", "2")),
  "max-lag-long": everyNode(configured("min-replicas-max-lag", "20")),
  "persistence-off": ({ nodes: [first] }) => configured("appendonly", "no")(first!),
  "persistence-failing": ({ nodes: [first] }) => informed("rdb_last_bgsave_status", "err")(first!),
  "config-file-missing": ({ nodes: [first] }) => informed("config_file", "")(first!),
  "maxclients-reached": ({ nodes: [first] }) => {
    first!.failure = failure("refused", "ERR max number of clients reached")
  },
  "maxclients-near": ({ nodes: [first] }) => informed("connected_clients", "8500")(first!),
  "maxclients-differ": ({ nodes: [, second] }) => {
    informed("maxclients", "90")(second!)
    informed("connected_clients", "20")(second!)
  },
  "memory-near-limit": ({ nodes: [first] }) => informed("used_memory", "3900000000")(first!),
  "node-loading": ({ nodes: [, second] }) => informed("loading", "1")(second!),
  "clock-difference": ({ nodes: [first] }) => void (first!.clock = { aheadMillis: 4000, errorMillis: 2 }),
  "versions-differ": ({ nodes: [first] }) => informed("redis_version", "7.0.15")(first!),
  "sentinel-versions-differ": ({ sentinels: [first] }) => informed("valkey_version", "9.1.0")(first!)
}

describe("findings", () => {
  it("are none for a healthy deployment", () => {
    const report = reportOf(() => {})
    assert.deepStrictEqual(report.findings, [])
    assert.deepStrictEqual(report.leftOut, [])
    assert.strictEqual(report.verdict, "healthy")
    assert.deepStrictEqual(report.nodes.map(({ lagBytes, role }) => [role, lagBytes]), [
      ["primary", undefined],
      ["replica", 0],
      ["replica", 0]
    ])
  })

  for (const code of Object.keys(catalogue) as Array<Code>) {
    it(code, () => {
      assert.deepStrictEqual(codesOf(cases[code]), [code])
    })
  }

  it("say what to do, where, and no secret", () => {
    for (const code of Object.keys(catalogue) as Array<Code>) {
      const report = reportOf(cases[code])
      const found = report.findings.find((finding) => finding.code === code)!
      assert.strictEqual(found.severity, catalogue[code].severity)
      assert.isAbove(found.saw.length, 10, code)
      assert.isAbove(found.mend.length, 0, code)
      for (const { lines, text } of found.mend) {
        assert.match(text, /^[A-Z].*[.:]$/s, code)
        assert.notInclude(lines.join("\n"), "undefined", code)
      }
      assert.notInclude(found.saw, "undefined", code)
      assert.isAbove(found.where.length, 0, code)
      assert.notInclude(JSON.stringify(report), "secret", code)
      assert.strictEqual(
        report.verdict,
        code === "sentinels-unreachable" ? "not-examined" : found.severity === "problem" ? "problems" : "warnings",
        code
      )
    }
  })

  it("name exactly what a user lacks", () => {
    const [finding] = reportOf(cases["permissions-missing"]).findings
    assert.strictEqual(
      finding!.mend[0]!.lines[0],
      "redis-cli -h 10.0.1.1 -p 26379 ACL SETUSER default '+sentinel|replicas' +subscribe allchannels"
    )
  })

  it("give commands that a shell takes as they are meant", () => {
    assert.strictEqual(
      cli("10.0.0.1:26379", "SENTINEL", "RESET", "a;id$(x)'b"),
      "redis-cli -h 10.0.0.1 -p 26379 SENTINEL RESET 'a;id$(x)'\\''b'"
    )
    assert.strictEqual(cli("unix:/a b", "PING", ""), "redis-cli -s '/a b' PING ''")
    for (const [code, change] of Object.entries(cases)) {
      for (const { lines } of reportOf(change).findings.flatMap(({ mend }) => mend)) {
        for (const line of lines.filter((line) => line.startsWith("redis-cli"))) {
          assert.match(line, /^(?:[\w@%+=:,./ -]|'[^']*')+$/, code)
        }
      }
    }
  })

  it("of accepted codes are left out", () => {
    const report = judge(seenWith(cases["replica-lag"]), 0, new Set(["replica-lag"]))
    assert.strictEqual(report.verdict, "healthy")
  })

  it("contain nothing that moves a cursor, whatever servers say", () => {
    const report = reportOf((draft) => {
      draft.nodes[1]!.failure = failure("refused", "\x1b[2J\u202eERR")
      draft.sentinels[0]!.group.flags = new Set(["master", "s_down\x1b[31m", "s_down"])
      informed("redis_version", "\x1b[2J")(draft.nodes[2]!)
    })
    const text = JSON.stringify(report)
    for (const character of ["\\u001b", "\u202e"]) assert.notInclude(text, character)
    assert.include(text, "x1b[2J")
  })

  it("are all documented, in their order and with the same words", () => {
    const page = readFileSync(Path.join(import.meta.dirname, "../docs/doctor.md"), "utf8")
    const found = Array.from(
      page.matchAll(/^### `([a-z-]+)`\n\n\*\*(Problem|Warning)\*\*: ([^\n]+)\.\n\n([\s\S]*?)\n\n/gm)
    )
    const plain = (text: string): string => text.replaceAll(/\s+/g, " ").trim()
    assert.deepStrictEqual(
      found.map(([, code, severity, title, why]) => [code, severity!.toLowerCase(), title, plain(why!)]),
      families.flatMap(([, codes]) => codes).map((code) => {
        const { severity, title, why } = catalogue[code]
        return [code, severity, title, why]
      })
    )
    for (const [title] of families) assert.include(page, `\n## ${title}\n`)
  })
})
