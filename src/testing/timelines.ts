/**
 * When the steps of a failover happened on real processes, in milliseconds
 * after SENTINEL FAILOVER, or after the primary was killed or stopped: one
 * number for each run. Redis 7.0.15, three sentinels, down-after 500 ms.
 * `demoted` is, for a stopped primary, the time after it went on.
 *
 * Written by scripts/timelines.ts; not to be changed by hand.
 */
export const timelines = {
  planned: {
    try: [2, 3, 1, 1, 1, 1],
    elected: [41, 71, 51, 14, 46, 18],
    selected: [94, 130, 119, 76, 104, 108],
    role: [196, 204, 197, 133, 178, 169],
    reported: [1071, 1096, 1105, 1053, 1126, 1036],
    promoted: [1071, 1096, 1105, 1050, 1126, 1036],
    othersFirst: [1135, 1155, 1189, 1151, 1182, 1099],
    othersLast: [1135, 1155, 1190, 1151, 1182, 1099],
    end: [2196, 2193, 2198, 2147, 2218, 2136],
    demoted: [11158, 11178, 11272, 11226, 11219, 11163]
  },
  kill: {
    sdown: [583, 603, 547, 558, 576, 551],
    odown: [648, 678, 663, 662, 664, 630],
    try: [648, 678, 663, 662, 664, 630],
    elected: [748, 734, 726, 729, 722, 693],
    selected: [820, 797, 781, 796, 812, 760],
    role: [922, 875, 873, 877, 867, 835],
    reported: [1728, 1688, 1711, 1729, 1743, 1669],
    promoted: [1728, 1688, 1711, 1729, 1743, 1669],
    othersFirst: [1830, 1741, 1812, 1821, 1802, 1728],
    othersLast: [1830, 1741, 1812, 1821, 1802, 1728],
    end: [2900, 2809, 2823, 2836, 2812, 2769]
  },
  hang: {
    sdown: [652, 676, 669, 696, 685, 685],
    odown: [838, 809, 811, 840, 810, 814],
    try: [838, 809, 811, 840, 810, 814],
    elected: [894, 863, 887, 892, 894, 867],
    selected: [970, 953, 988, 945, 950, 929],
    role: [1039, 1056, 1042, 1012, 1043, 1015],
    reported: [1891, 1879, 1852, 1926, 1845, 1835],
    promoted: [1891, 1876, 1852, 1924, 1845, 1835],
    othersFirst: [1945, 1931, 1953, 1996, 1898, 1925],
    othersLast: [1945, 1932, 1953, 1996, 1899, 1926],
    end: [3010, 3002, 2957, 3052, 2914, 2920],
    demoted: [10047, 10006, 10048, 10009, 10043, 10060]
  }
} as const
