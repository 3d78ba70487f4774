/**
 * Scenarios that once failed, as data, since a seed gives another scenario when the
 * generator changes. The name of each says what it showed.
 */
import type { Scenario } from "../../simulation/Scenario.ts"

export const known: Readonly<Record<string, Scenario>> = {
  "a replica client with two connections moved from one replica to the other without end": {
    "seed": 9,
    "replicas": 2,
    "sentinels": 3,
    "lagMillis": [0, 2],
    "latencyMillis": [0, 0],
    "syncMillis": [0, 0],
    "clients": 2,
    "workers": 8,
    "operations": 420,
    "duration": 4326,
    "connections": 2,
    "maxReserved": 2,
    "protocol": 3,
    "commandTimeout": 10000,
    "stallTimeout": 1000,
    "faults": [
      { "at": 329, "kind": "hang", "who": "primary", "millis": 1446 },
      { "at": 737, "kind": "lie", "who": "s0", "other": "unknown", "millis": 1534 },
      { "at": 1869, "kind": "hang", "who": "s2", "millis": 576 },
      { "at": 1893, "kind": "disconnect", "who": "n1", "millis": 2138 },
      { "at": 3316, "kind": "cut", "who": "primary", "millis": 0, "after": 1600, "direction": "reply" }
    ]
  },
  "a client accepted ever more connections when its fallback primary became a replica": {
    "seed": 158,
    "replicas": 2,
    "sentinels": 3,
    "lagMillis": [0, 2],
    "latencyMillis": [0, 0],
    "syncMillis": [10, 200],
    "clients": 1,
    "workers": 10,
    "operations": 420,
    "duration": 4081,
    "connections": 3,
    "maxReserved": 2,
    "protocol": 2,
    "commandTimeout": 3000,
    "stallTimeout": 1000,
    "faults": [
      { "at": 672, "kind": "failover", "who": "s0", "millis": 0 },
      { "at": 1121, "kind": "failover", "who": "s2", "millis": 0 },
      { "at": 1305, "kind": "isolate", "who": "primary", "millis": 181 },
      { "at": 1553, "kind": "partition", "who": "c0", "other": "s2", "oneWay": false, "millis": 118 },
      { "at": 1733, "kind": "cut", "who": "primary", "millis": 0, "after": 1716, "direction": "request" },
      { "at": 1751, "kind": "hang", "who": "s0", "millis": 2483 },
      { "at": 2010, "kind": "hang", "who": "n0", "millis": 3907 }
    ]
  },
  "a slow new primary and an old one that returns are not confused": {
    "seed": 3837,
    "replicas": 3,
    "sentinels": 3,
    "lagMillis": [0, 0],
    "latencyMillis": [1, 10],
    "syncMillis": [10, 200],
    "clients": 1,
    "workers": 11,
    "operations": 420,
    "duration": 3221,
    "connections": 2,
    "maxReserved": 2,
    "protocol": 3,
    "commandTimeout": 3000,
    "stallTimeout": 1000,
    "faults": [
      { "at": 290, "kind": "isolate", "who": "n0", "millis": 1758 },
      { "at": 777, "kind": "slow", "who": "n2", "millis": 2520 },
      { "at": 777, "kind": "loading", "who": "n1", "millis": 281 },
      { "at": 1092, "kind": "memory", "who": "primary", "millis": 1335 },
      { "at": 1512, "kind": "isolate", "who": "primary", "millis": 1574 },
      { "at": 1917, "kind": "partition", "who": "c0", "other": "s1", "oneWay": false, "millis": 2865 }
    ]
  },
  "a command that was in transit for long does not count as a newer one": {
    "seed": 5106,
    "replicas": 2,
    "sentinels": 5,
    "lagMillis": [0, 0],
    "latencyMillis": [1, 10],
    "syncMillis": [10, 200],
    "clients": 1,
    "workers": 11,
    "operations": 420,
    "duration": 3756,
    "connections": 1,
    "maxReserved": 2,
    "protocol": 3,
    "commandTimeout": 10000,
    "stallTimeout": 1000,
    "faults": [{ "at": 557, "kind": "kill", "who": "n2", "millis": 160 }, {
      "at": 1912,
      "kind": "cut",
      "who": "primary",
      "millis": 0,
      "after": 36,
      "direction": "request"
    }, { "at": 2897, "kind": "isolate", "who": "primary", "millis": 1971 }]
  },
  "a promotion that another sentinel reverted is not announced": {
    "seed": 6693,
    "replicas": 1,
    "sentinels": 3,
    "lagMillis": [1, 50],
    "latencyMillis": [0, 1],
    "syncMillis": [0, 0],
    "clients": 1,
    "workers": 11,
    "operations": 420,
    "duration": 2584,
    "connections": 3,
    "maxReserved": 4,
    "protocol": 3,
    "commandTimeout": 3000,
    "stallTimeout": 1000,
    "faults": [
      { "at": 953, "kind": "cut", "who": "s2", "millis": 0, "after": 18, "direction": "reply" },
      { "at": 1261, "kind": "failover", "who": "s1", "millis": 0 },
      { "at": 1581, "kind": "isolate", "who": "s2", "millis": 1276 },
      { "at": 1636, "kind": "hang", "who": "s1", "millis": 2890 }
    ]
  },
  "a failover under names that were never seen before loses nothing": {
    "seed": 23,
    "replicas": 1,
    "sentinels": 3,
    "lagMillis": [
      0,
      0
    ],
    "latencyMillis": [
      0,
      0
    ],
    "syncMillis": [
      10,
      200
    ],
    "clients": 2,
    "workers": 9,
    "operations": 440,
    "duration": 4354,
    "connections": 1,
    "maxReserved": 2,
    "protocol": 3,
    "commandTimeout": 10000,
    "stallTimeout": 300,
    "follow": "promotion",
    "replicaSelection": "lag",
    "maxLagBytes": 5000,
    "planned": true,
    "faults": [
      {
        "at": 100,
        "kind": "rename",
        "who": "s0",
        "millis": 30000
      },
      {
        "at": 1645,
        "kind": "failover",
        "who": "s0",
        "millis": 0
      }
    ]
  },
  "an answer that was in transit while the client stood still counted as current": {
    "seed": 3840,
    "replicas": 2,
    "sentinels": 5,
    "lagMillis": [
      0,
      0
    ],
    "latencyMillis": [
      1,
      2
    ],
    "syncMillis": [
      0,
      0
    ],
    "clients": 1,
    "workers": 11,
    "operations": 440,
    "duration": 4627,
    "connections": 4,
    "maxReserved": 4,
    "protocol": 3,
    "commandTimeout": 10000,
    "stallTimeout": 300,
    "follow": "sentinels",
    "replicaSelection": "round-robin",
    "planned": true,
    "faults": [
      {
        "at": 2127,
        "kind": "failover",
        "who": "s0",
        "millis": 0
      },
      {
        "at": 2172,
        "kind": "busy",
        "who": "c0",
        "millis": 755
      }
    ],
    "minimal": [
      "s0"
    ]
  },
  "a read after an offset was answered by the former primary, which had more": {
    "seed": 9578,
    "replicas": 2,
    "sentinels": 3,
    "lagMillis": [1, 50],
    "latencyMillis": [0, 0],
    "syncMillis": [10, 200],
    "clients": 2,
    "workers": 5,
    "operations": 315,
    "duration": 3537,
    "connections": 1,
    "maxReserved": 2,
    "protocol": 3,
    "commandTimeout": 1000,
    "stallTimeout": 1000,
    "follow": "promotion",
    "replicaSelection": "round-robin",
    "minimal": ["s0", "s1", "s2"],
    "faults": [
      { "at": 1790, "kind": "isolate", "who": "primary", "millis": 745 },
      { "at": 2464, "kind": "wipe", "who": "n2", "millis": 2500 }
    ]
  },
  "sentinels that deny a subscription were replaced one by one, and the new ones were not found": {
    "seed": 3694,
    "replicas": 3,
    "sentinels": 3,
    "lagMillis": [
      0,
      0
    ],
    "latencyMillis": [
      0,
      0
    ],
    "syncMillis": [
      0,
      0
    ],
    "clients": 1,
    "workers": 12,
    "operations": 440,
    "duration": 23867,
    "connections": 1,
    "maxReserved": 4,
    "protocol": 3,
    "commandTimeout": 10000,
    "stallTimeout": 300,
    "follow": "promotion",
    "replicaSelection": "sticky",
    "calm": true,
    "faults": [
      {
        "at": 400,
        "kind": "sentinels",
        "who": "all",
        "millis": 299
      },
      {
        "at": 2199,
        "kind": "lie",
        "who": "s2",
        "other": "replica",
        "millis": 989
      },
      {
        "at": 4688,
        "kind": "replace",
        "who": "all",
        "millis": 2500
      },
      {
        "at": 16188,
        "kind": "hang",
        "who": "s0",
        "millis": 464
      },
      {
        "at": 18152,
        "kind": "hang",
        "who": "s0",
        "millis": 944
      },
      {
        "at": 20596,
        "kind": "hang",
        "who": "s2",
        "millis": 1771
      }
    ],
    "minimal": [
      "s0",
      "s1",
      "s2"
    ],
    "born": [
      2377,
      8253,
      12230
    ]
  },
  "a dead letter that a failover lost was not written again": {
    "seed": 147,
    "replicas": 1,
    "sentinels": 3,
    "lagMillis": [0, 2],
    "latencyMillis": [1, 2],
    "syncMillis": [0, 0],
    "clients": 2,
    "workers": 10,
    "operations": 440,
    "duration": 3052,
    "connections": 1,
    "maxReserved": 4,
    "protocol": 3,
    "commandTimeout": 10000,
    "stallTimeout": 1000,
    "follow": "promotion",
    "replicaSelection": "latency",
    "applications": { "group": 3, "pops": 2 },
    "faults": [{ "at": 272, "kind": "failover", "who": "s0", "millis": 0 }, {
      "at": 1358,
      "kind": "isolate",
      "who": "primary",
      "millis": 282
    }, { "at": 1432, "kind": "flap", "who": "s2", "millis": 1946 }]
  }
}
