import HTTPTypes
import Hummingbird
import NIOCore
import Platform

/// Response bodies that are made while they are sent, with an end for clients that take nothing.
enum BodyStream {
  /// Writes a body and its end.
  ///
  /// When `write` throws, when the client takes nothing for `patience`, or when `deadline` returns, this throws: the
  /// server then closes the connection without the end of the body, and no client takes what it has for the whole.
  ///
  /// On the connection's `loop` each piece has reached the connection before the next one is made; elsewhere a fast writer
  /// may be some mebibytes ahead before it is told to wait.
  static func run(
    _ writer: any ResponseBodyWriter, patience: Duration, on loop: (any EventLoop)? = nil,
    deadline: (@Sendable () async throws -> Void)? = nil,
    _ write: @escaping @Sendable (inout StreamWriter) async throws -> Void
  ) async throws {
    let progress = Locked(WriteProgress())
    let moved = Moved(StreamWriter(writer, progress: progress))
    try await withThrowingTaskGroup(of: Void.self) { group in
      group.addTask(executorPreference: loop.map(LoopExecutor.init)) {
        var stream = moved.value
        try await write(&stream)
        try await stream.finish()
      }
      group.addTask {
        try await stall(progress, patience)
        throw StreamBrokenOff()
      }
      if let deadline {
        group.addTask {
          try await deadline()
          throw StreamBrokenOff()
        }
      }
      defer { group.cancelAll() }
      try await group.next()
    }
  }

  /// Returns when one and the same write has been under way for all of `patience`.
  private static func stall(_ progress: Locked<WriteProgress>, _ patience: Duration) async throws {
    while true {
      let before = progress.withLock { $0 }
      try await Task.sleep(for: patience)
      if before.isWriting, progress.withLock({ $0 == before }) { return }
    }
  }
}

extension ResponseBody {
  /// A body for `BodyStream.run`.
  static func streamed(
    contentLength: Int? = nil, patience: Duration, on loop: (any EventLoop)? = nil,
    _ write: @escaping @Sendable (inout StreamWriter) async throws -> Void
  ) -> ResponseBody {
    ResponseBody(contentLength: contentLength) { writer in
      try await BodyStream.run(writer, patience: patience, on: loop, write)
    }
  }
}

/// The body ended before its end.
struct StreamBrokenOff: Error {}

struct WriteProgress: Equatable {
  var count = 0
  var isWriting = false
}

/// Where a streamed body goes; each write returns when the socket has room for more.
struct StreamWriter {
  private var writer: any ResponseBodyWriter
  private let progress: Locked<WriteProgress>

  init(_ writer: any ResponseBodyWriter, progress: Locked<WriteProgress>) {
    self.writer = writer
    self.progress = progress
  }

  mutating func write(_ buffer: ByteBuffer) async throws {
    begin()
    defer { end() }
    try await writer.write(buffer)
  }

  fileprivate func finish() async throws {
    begin()
    defer { end() }
    try await writer.finish(nil)
  }

  private func begin() {
    progress.withLock { progress in
      progress.count += 1
      progress.isWriting = true
    }
  }
  private func end() { progress.withLock { $0.isWriting = false } }
}

/// A value handed to a child task.
private struct Moved<Value>: @unchecked Sendable {
  // Sendable because only the one child task that it is made for uses the value; its parent just waits.
  let value: Value
  init(_ value: Value) { self.value = value }
}
