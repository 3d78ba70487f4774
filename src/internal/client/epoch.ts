/**
 * The configuration epoch that a client is in, for what has to notice that the group has moved. A client that the
 * library has not made, such as a mock, is always in epoch 0.
 */
const epochs = new WeakMap<object, () => number>()

/** Notes where the epoch of a client is found, and gives the client. */
export const withEpoch = <A extends object>(client: A, epoch: () => number): A => {
  epochs.set(client, epoch)
  return client
}

/** The epoch that a client is in; 0 if it has none. */
export const epochOf = (client: object): number => epochs.get(client)?.() ?? 0
