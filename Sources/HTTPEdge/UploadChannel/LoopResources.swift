import NIOCore
import Platform

/// What the connections of one event loop share: receive buffers, an executor, and a look at who has gone silent.
final class LoopResources: @unchecked Sendable {
  // Sendable because everything but `loop` and `executor` is touched on the loop only.
  static let largeBytes = 1 << 20
  static let smallBytes = 16 << 10
  static let firstBytes = 512

  let loop: any EventLoop
  let executor: LoopExecutor
  let gathering = HTTP2ContentGathering.Spare()
  private var spareLarge: ByteBuffer?
  private var spareSmall: ByteBuffer?
  private var connections: [ObjectIdentifier: any SilentConnection] = [:]
  private var watch: RepeatedTask?
  private let count: ConnectionCount

  init(_ loop: any EventLoop, count: ConnectionCount, watchInterval: TimeAmount) {
    self.loop = loop
    self.count = count
    executor = LoopExecutor(loop)
    watch = loop.scheduleRepeatedTask(initialDelay: watchInterval, delay: watchInterval) { [weak self] _ in
      self?.look()
    }
  }
  deinit { watch?.cancel() }

  /// A buffer to receive into: the spare one, if whoever had it before is done with it.
  func lend(isLarge: Bool, _ allocator: ByteBufferAllocator) -> ByteBuffer {
    let capacity = isLarge ? Self.largeBytes : Self.smallBytes
    guard var buffer = isLarge ? spareLarge : spareSmall else { return allocator.buffer(capacity: capacity) }
    if isLarge { spareLarge = nil } else { spareSmall = nil }
    // Makes new storage when somebody still holds the old.
    buffer.clear(minimumCapacity: capacity)
    return buffer
  }

  /// Takes a buffer back whose bytes are written.
  func giveBack(_ buffer: ByteBuffer) {
    if buffer.storageCapacity >= Self.largeBytes {
      spareLarge = buffer
    } else if buffer.storageCapacity >= Self.smallBytes {
      spareSmall = buffer
    }
  }

  func add(_ connection: any SilentConnection) {
    if connections.updateValue(connection, forKey: ObjectIdentifier(connection)) == nil { count.add() }
  }
  func remove(_ connection: any SilentConnection) {
    if connections.removeValue(forKey: ObjectIdentifier(connection)) != nil { count.remove() }
  }

  private func look() {
    let now = NIODeadline.now()
    for connection in Array(connections.values) { connection.look(now) }
  }
}

/// A connection that is looked at every few seconds.
protocol SilentConnection: AnyObject {
  /// Ends the connection when its time is over.
  func look(_ now: NIODeadline)
}

/// The resources of every event loop, made when its first connection arrives.
final class LoopPool: Sendable {
  private let watchInterval: TimeAmount
  private let count = ConnectionCount()
  private let resources = Locked<[ObjectIdentifier: LoopResources]>([:])

  init(watchInterval: TimeAmount) { self.watchInterval = watchInterval }

  func resources(of loop: any EventLoop) -> LoopResources {
    resources.withLock { resources in
      if let known = resources[ObjectIdentifier(loop)] { return known }
      let made = LoopResources(loop, count: count, watchInterval: watchInterval)
      resources[ObjectIdentifier(loop)] = made
      return made
    }
  }

  /// Returns when no connection is open, or the task is cancelled.
  func untilClosed() async { await count.untilNone() }
}

/// The open connections of all loops.
final class ConnectionCount: Sendable {
  private struct State {
    var open = 0
    var isAbandoned = false
    var waiter: CheckedContinuation<Void, Never>?
  }
  private let state = Locked(State())

  func add() { state.withLock { $0.open += 1 } }

  func remove() {
    resumeWaiter { state in
      state.open -= 1
      return state.open == 0
    }
  }

  func untilNone() async {
    await withTaskCancellationHandler {
      await withCheckedContinuation { continuation in
        let isDone = state.withLock { state in
          if state.open == 0 || state.isAbandoned { return true }
          state.waiter = continuation
          return false
        }
        if isDone { continuation.resume() }
      }
    } onCancel: {
      resumeWaiter { state in
        state.isAbandoned = true
        return true
      }
    }
  }

  private func resumeWaiter(_ change: (inout State) -> Bool) {
    let waiter = state.withLock { state -> CheckedContinuation<Void, Never>? in
      guard change(&state) else { return nil }
      defer { state.waiter = nil }
      return state.waiter
    }
    waiter?.resume()
  }
}

/// Runs tasks on an event loop, so that a request and its connection share a thread. Nothing that blocks may run in
/// them.
final class LoopExecutor: TaskExecutor {
  private let loop: any EventLoop

  init(_ loop: any EventLoop) { self.loop = loop }

  func enqueue(_ job: consuming ExecutorJob) {
    let job = UnownedJob(job)
    loop.execute { job.runSynchronously(on: self.asUnownedTaskExecutor()) }
  }
}

/// Chooses the receive buffer of one connection: large while an upload with much content is received.
struct LentBufferAllocator: RecvByteBufferAllocator {
  /// Set on the event loop, read by the channel on the same loop.
  final class Choice: @unchecked Sendable {
    // Sendable because it is touched on the loop of its connection only.
    var isLarge = false
    /// The channel keeps its first buffer for as long as it lives, so that one is small.
    var isFirst = true
    var head: HeadWatch

    init(head: HeadWatch) { self.head = head }
  }
  let choice: Choice
  let resources: LoopResources

  func buffer(allocator: ByteBufferAllocator) -> ByteBuffer {
    if choice.isFirst {
      choice.isFirst = false
      return allocator.buffer(capacity: LoopResources.firstBytes)
    }
    return resources.lend(isLarge: choice.isLarge, allocator)
  }
  /// The only place that sees bytes which do not make up a whole head yet.
  mutating func record(actualReadBytes: Int) -> Bool {
    if choice.head.isWaiting { choice.head.bytesArrived(at: NIODeadline.now().time) }
    return true
  }
}
