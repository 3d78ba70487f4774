/** A server in a thread of its own: it says when it is connected, and says more while the thread of the client is busy. */
import * as Net from "node:net"
import { parentPort } from "node:worker_threads"

const server = Net.createServer({ noDelay: true }, (socket) => {
  socket.on("error", () => {})
  socket.on("data", () => {
    socket.write("begin")
    setTimeout(() => socket.write("late"), 20)
  })
})
server.listen(0, "127.0.0.1", () => parentPort.postMessage(server.address().port, []))
