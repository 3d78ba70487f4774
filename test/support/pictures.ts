/** Sample data of the pictures: what a planned failover, a comparison of clients and a hostile server look like. */
import type { Page, Timeline, TimelineCount, TopologyPicture } from "../../src/internal/pictures/types.ts"

const counts = (
  lane: string,
  from: number,
  to: number,
  each: (at: number) => Partial<Pick<TimelineCount, "acknowledged" | "failed" | "lost">>
): ReadonlyArray<TimelineCount> =>
  Array.from({ length: Math.round((to - from) / 25) }, (_, i) => {
    const atMillis = from + i * 25
    return { lane, atMillis, forMillis: 25, acknowledged: 0, failed: 0, lost: 0, ...each(atMillis) }
  })

/** Between 0.8 and 1.2, always the same. */
const uneven = (at: number): number => 1 + 0.2 * Math.sin(at * 12.9898) * Math.cos(at * 0.731)

/** A planned failover, as one client saw it. */
export const plannedFailover: Timeline = {
  title: "A planned failover of mymaster under 32 writers",
  startMillis: Date.UTC(2026, 0, 31, 12),
  lanes: [
    { name: "this client", result: "0 lost, 0 failed, no write for 966 ms", tone: "good" },
    { name: "127.0.0.1:6379", result: "the primary before" },
    { name: "127.0.0.1:6380", result: "the primary since" }
  ],
  events: [
    { atMillis: 0, text: "SENTINEL FAILOVER mymaster", kind: "fault", node: "127.0.0.1:26379" },
    { atMillis: 58, text: "+selected-slave 127.0.0.1:6380", kind: "sentinel", node: "127.0.0.1:26379" },
    { atMillis: 130, text: "+failover-state-send-slaveof-noone", kind: "sentinel", node: "127.0.0.1:26379" },
    { atMillis: 1062, text: "+promoted-slave", kind: "sentinel", node: "127.0.0.1:26379" },
    { atMillis: 1066, text: "+switch-master", kind: "sentinel", node: "127.0.0.1:26380" },
    { atMillis: 60, text: "closes the fence", kind: "client", lane: "this client" },
    { atMillis: 1070, text: "moves to 127.0.0.1:6380", kind: "client", lane: "this client" },
    { atMillis: 1075, text: "first write", kind: "write", lane: "this client" },
    { atMillis: 161, text: "says it is a primary", kind: "node", lane: "127.0.0.1:6380" },
    { atMillis: 2600, text: "is a replica", kind: "node", lane: "127.0.0.1:6379" }
  ],
  spans: [
    { fromMillis: 0, toMillis: 1066, kind: "failover" },
    { fromMillis: 60, toMillis: 1070, kind: "fence", lane: "this client" },
    { fromMillis: 109, toMillis: 1075, kind: "pause", lane: "this client" }
  ],
  counts: counts(
    "this client",
    -500,
    3000,
    (at) => ({ acknowledged: at > 100 && at < 1075 ? 0 : Math.round(200 * uneven(at)) })
  )
}

/** The same kill for three clients. */
export const comparison: Timeline = {
  title: "kill -9 of the primary, three clients side by side",
  lanes: [
    { name: "ours", result: "0 lost, 3 in doubt, no write for 1.62 s", tone: "good" },
    { name: "ioredis, detector", result: "64,014 lost, no write for 2.1 s", tone: "bad" },
    { name: "node-redis", result: "137,550 lost", tone: "bad" }
  ],
  events: [
    { atMillis: 0, text: "kill -9 of the primary", kind: "fault" },
    { atMillis: 548, text: "+sdown", kind: "sentinel" },
    { atMillis: 603, text: "+odown #quorum 2/2", kind: "sentinel" },
    { atMillis: 604, text: "+try-failover", kind: "sentinel" },
    { atMillis: 1602, text: "a sentinel reports the new primary", kind: "sentinel" },
    { atMillis: 1620, text: "first write", kind: "write", lane: "ours" }
  ],
  spans: [
    { fromMillis: 604, toMillis: 1602, kind: "failover" },
    { fromMillis: 660, toMillis: 1610, kind: "fence", lane: "ours" },
    { fromMillis: 0, toMillis: 1620, kind: "pause", lane: "ours" },
    { fromMillis: 0, toMillis: 2100, kind: "pause", lane: "ioredis, detector" },
    { fromMillis: 0, toMillis: undefined, kind: "down", lane: "node-redis", text: "the old primary is down" }
  ],
  counts: [
    ...counts("ours", -500, 4000, (at) => ({
      acknowledged: at >= 0 && at < 1620 ? 0 : Math.round(180 * uneven(at)),
      failed: at === 0 ? 3 : 0
    })),
    ...counts("ioredis, detector", -500, 4000, (at) => ({
      acknowledged: at >= 0 && at < 2100 ? 0 : Math.round(210 * uneven(at)),
      lost: at >= -100 && at < 0 ? 60 : 0,
      failed: at >= 0 && at < 2100 ? 30 : 0
    })),
    ...counts(
      "node-redis",
      -500,
      4000,
      (at) => (at < 0 ? { acknowledged: Math.round(150 * uneven(at)) } : { lost: 170 })
    )
  ]
}

const hostileText =
  "<script>alert(1)</script> ]]> & \"quotes\" '\u202etxet\u202c \u0000\u0007 \ud800 漢字漢字 😀😀 e\u0301\u0301\u0301\u0301"

/** What a hostile server makes of names, texts and numbers. */
export const hostile: Timeline = {
  title: `${hostileText} ${"W".repeat(3000)}`,
  lanes: [
    { name: hostileText, result: `${"M".repeat(500)}`, tone: "bad" },
    { name: hostileText },
    { name: "", result: "" },
    { name: "W".repeat(400), result: hostileText }
  ],
  events: [
    ...Array.from({ length: 30 }, (_, i) => ({
      atMillis: i % 3 === 0 ? 5 : i * 0.01,
      text: `${hostileText} ${"W".repeat(i * 20)}`,
      kind: "sentinel" as const,
      lane: i % 4 === 0 ? hostileText : undefined
    })),
    { atMillis: Number.NaN, text: "never", kind: "fault" },
    { atMillis: Number.POSITIVE_INFINITY, text: "too late", kind: "fault" },
    { atMillis: 1e300, text: "later", kind: "fault" }
  ],
  spans: [
    { fromMillis: 0, toMillis: -5, kind: "fence" },
    { fromMillis: Number.NaN, toMillis: 5, kind: "fence" },
    ...Array.from({ length: 20 }, (_, i) => ({
      fromMillis: i * 100,
      toMillis: i % 5 === 0 ? undefined : i * 100 + 1,
      kind: "pause" as const,
      lane: i % 2 === 0 ? hostileText : undefined,
      text: hostileText
    }))
  ],
  counts: [
    { lane: hostileText, atMillis: 0, forMillis: 0, acknowledged: 1, failed: 1, lost: 1 },
    { lane: hostileText, atMillis: 0, forMillis: 1000, acknowledged: Number.NaN, failed: -5, lost: 1e300 },
    { lane: "nobody", atMillis: 0, forMillis: 1000, acknowledged: 5, failed: 0, lost: 0 }
  ]
}

export const nothing: Timeline = { title: "Nothing happened", lanes: [], events: [], spans: [], counts: [] }

/** A group in order. */
export const healthy: TopologyPicture = {
  group: "mymaster",
  epoch: 7,
  quorum: 2,
  nodes: [
    { address: "10.0.0.5:6379", role: "primary", isReachable: true, facts: ["Redis 7.0.15", "412 clients"] },
    {
      address: "10.0.0.6:6379",
      role: "replica",
      isReachable: true,
      lagBytes: 0,
      facts: ["Redis 7.0.15", "priority 100"]
    },
    {
      address: "10.0.0.7:6379",
      role: "replica",
      isReachable: true,
      lagBytes: 1_412,
      facts: ["Redis 7.0.15", "priority 100"]
    }
  ],
  sentinels: ["10.0.0.5:26379", "10.0.0.6:26379", "10.0.0.7:26379"].map((address) => ({
    address,
    isReachable: true,
    facts: ["epoch 7"]
  })),
  links: [
    ...["10.0.0.6:6379", "10.0.0.7:6379"].map((to) => ({ from: "10.0.0.5:6379", to, kind: "replication" as const })),
    ...["10.0.0.5:26379", "10.0.0.6:26379", "10.0.0.7:26379"].map((from) => ({
      from,
      to: "10.0.0.5:6379",
      kind: "names" as const
    }))
  ]
}

/** A group with many faults: two primaries, a chain of replicas, a sentinel that names another node, one that is down. */
export const broken: TopologyPicture = {
  title: "mymaster, a minute after the network was cut",
  group: "mymaster",
  epoch: 12,
  quorum: 2,
  fence: "10.0.0.6:26379 reported +selected-slave 1.2 s ago; 10.0.0.6:6379 is to become the primary",
  nodes: [
    {
      address: "10.0.0.5:6379",
      role: "primary",
      isReachable: true,
      facts: ["Redis 7.0.15"],
      problems: [{ tone: "bad", text: "2 of 3 sentinels name another primary" }]
    },
    { address: "10.0.0.6:6379", role: "primary", isReachable: true, facts: ["Redis 7.0.15"] },
    {
      address: "redis-7.internal.example.com:6379",
      role: "replica",
      isReachable: true,
      lagBytes: 48_000_000,
      problems: [{ tone: "notice", text: "priority 0: it is never promoted" }]
    },
    { address: "10.0.0.8:6379", role: "replica", isReachable: false },
    { address: "10.0.0.9:6379", role: "replica", isReachable: true, lagBytes: 0 },
    { address: "10.0.0.10:6379", role: "unknown" }
  ],
  sentinels: [
    { address: "10.0.0.5:26379", isReachable: true, problems: [{ tone: "bad", text: "epoch 11: behind the others" }] },
    { address: "10.0.0.6:26379", isReachable: true, facts: ["epoch 12"] },
    { address: "10.0.0.7:26379", isReachable: true, facts: ["epoch 12"] },
    { address: "10.0.0.8:26379", isReachable: false, problems: [{ tone: "bad", text: "connection refused" }] }
  ],
  links: [
    { from: "10.0.0.6:6379", to: "redis-7.internal.example.com:6379", kind: "replication" },
    { from: "10.0.0.6:6379", to: "10.0.0.8:6379", kind: "replication", tone: "bad", text: "link down for 61 s" },
    { from: "redis-7.internal.example.com:6379", to: "10.0.0.9:6379", kind: "replication" },
    { from: "10.0.0.5:26379", to: "10.0.0.5:6379", kind: "names", tone: "bad" },
    { from: "10.0.0.6:26379", to: "10.0.0.6:6379", kind: "names" },
    { from: "10.0.0.7:26379", to: "10.0.0.6:6379", kind: "names" }
  ]
}

/** More nodes than fit, with the names and links of a hostile server. */
export const hostileTopology: TopologyPicture = {
  group: hostileText,
  epoch: Number.NaN,
  quorum: 1e300,
  fence: hostileText.repeat(20),
  nodes: Array.from({ length: 40 }, (_, i) => ({
    address: i < 2 ? hostileText : `${"W".repeat(i * 10)}${i}`,
    role: i === 0 ? "primary" : i % 7 === 3 ? "unknown" : "replica",
    lagBytes: i === 5 ? Number.NaN : i * 1e12,
    facts: [hostileText, "W".repeat(500)],
    problems: [{ tone: "bad", text: hostileText }, { tone: "notice", text: "M".repeat(300) }]
  })),
  sentinels: Array.from({ length: 3 }, (_, i) => ({ address: `${hostileText}${i}` })),
  links: [
    ...Array.from({ length: 39 }, (_, i) => ({
      from: `${"W".repeat(i * 10)}${i}`,
      to: `${"W".repeat((i + 1) * 10)}${i + 1}`,
      kind: "replication" as const,
      text: hostileText
    })),
    { from: `${"W".repeat(390)}39`, to: `${"W".repeat(20)}2`, kind: "replication" },
    { from: "nobody", to: hostileText, kind: "names" },
    { from: hostileText, to: hostileText, kind: "replication" }
  ]
}

export const nobody: TopologyPicture = { group: "mymaster", nodes: [], sentinels: [], links: [] }

/** What the doctor says of a broken group. */
export const doctorPage: Page = {
  title: "Doctor: mymaster",
  summary: "2 errors and 1 warning. A failover would not complete.",
  tone: "bad",
  made: "effect-redis-sentinel 0.1.0, 2026-01-31 12:00:00 UTC",
  blocks: [
    {
      _tag: "Figures",
      figures: [
        { value: "2", label: "errors", tone: "bad" },
        { value: "1", label: "warning", tone: "notice" },
        { value: "3 of 4", label: "sentinels reachable", tone: "notice" },
        { value: "7", label: "epoch" }
      ]
    },
    { _tag: "Topology", topology: broken },
    { _tag: "Heading", text: "Findings" },
    {
      _tag: "Findings",
      findings: [
        {
          tone: "bad",
          severity: "error",
          title: "The sentinels disagree about the primary",
          seen: [
            "10.0.0.5:26379 names 10.0.0.5:6379, epoch 11",
            "10.0.0.6:26379 and 10.0.0.7:26379 name 10.0.0.6:6379, epoch 12"
          ],
          why: "Clients that ask the first sentinel write to a node whose data will be discarded.",
          mend: [{
            text: "On 10.0.0.5:26379:",
            lines: ["SENTINEL REMOVE mymaster", "SENTINEL MONITOR mymaster 10.0.0.6 6379 2"]
          }]
        },
        {
          tone: "notice",
          severity: "warning",
          title: "A replica is never promoted",
          seen: ["redis-7.internal.example.com:6379 has replica-priority 0"],
          why: "If the other replicas are down, a failover finds nobody to promote.",
          mend: [{ text: "Set another priority.", lines: ["CONFIG SET replica-priority 100"] }]
        }
      ]
    },
    { _tag: "Heading", text: "What was asked" },
    {
      _tag: "Table",
      table: {
        caption: "Servers",
        columns: [{ name: "server" }, { name: "version" }, { name: "round trip", isNumber: true }, {
          name: "clock",
          isNumber: true
        }],
        rows: [["10.0.0.5:6379", "Redis 7.0.15", "0.4 ms", "+2 ms"], [
          "redis-7.internal.example.com:6379",
          "Valkey 9.1.0",
          "1.2 ms",
          "-14 ms"
        ]]
      }
    },
    { _tag: "Preformatted", label: "JSON", text: "{\n  \"errors\": 2,\n  \"warnings\": 1\n}" }
  ]
}

/** What a planned failover came to. */
export const failoverPage: Page = {
  title: "Failover of mymaster",
  summary: "The primary is now 127.0.0.1:6380. No acknowledged write was lost; writes paused for 966 ms.",
  tone: "good",
  blocks: [
    {
      _tag: "Figures",
      figures: [
        { value: "0", label: "lost writes", tone: "good" },
        { value: "0", label: "failed writes", tone: "good" },
        { value: "966 ms", label: "without a write" }
      ]
    },
    { _tag: "Timeline", timeline: plannedFailover },
    { _tag: "Topology", topology: healthy }
  ]
}

/** A page whose every text is hostile. */
export const hostilePage: Page = {
  title: hostileText,
  summary: hostileText,
  tone: "bad",
  made: hostileText,
  blocks: [
    { _tag: "Heading", text: hostileText },
    { _tag: "Heading", text: hostileText },
    { _tag: "Text", text: hostileText },
    {
      _tag: "Preformatted",
      label: hostileText,
      text: `${hostileText}\n</pre><img src="http://example.invalid/">${"W".repeat(500)}`
    },
    { _tag: "Figures", figures: [{ label: hostileText, value: hostileText }] },
    { _tag: "Timeline", timeline: hostile },
    { _tag: "Topology", topology: hostileTopology },
    { _tag: "Table", table: { caption: hostileText, columns: [{ name: hostileText }], rows: [[hostileText], []] } },
    {
      _tag: "Findings",
      findings: [{
        tone: "bad",
        severity: hostileText,
        title: hostileText,
        seen: [hostileText],
        why: hostileText,
        code: hostileText,
        mend: [{ text: hostileText, lines: [hostileText] }]
      }]
    }
  ]
}
