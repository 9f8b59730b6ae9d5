import HTTPEdge
import HTTPTypes
import NIOCore
import NIOEmbedded
import Platform
import Testing
import Uploads
import Vocabulary

/// Takes up to so many pieces.
private final class CountingSink: UploadSink {
  let taken = Locked<[String]>([])
  private let limit: Int

  init(limit: Int) { self.limit = limit }

  func take(_ chunk: any ByteChunk) -> Bool {
    let text = chunk.withUnsafeBytes { String(decoding: $0, as: UTF8.self) }
    return taken.withLock { taken in
      taken.append(text)
      return taken.count < limit
    }
  }
}

@Suite struct ChannelBodyTests {
  private let loop = NIOAsyncTestingEventLoop()

  private func push(_ text: String, to body: ChannelBody) async throws -> Bool {
    try await loop.executeInContext { body.push(ByteBuffer(string: text)) }
  }

  @Test("what comes after a sink has had enough waits, the socket rests, and the next sink gets it")
  func secondSink() async throws {
    let body = ChannelBody(loop)
    let demands = Locked(0)
    try await loop.executeInContext {
      body.prepare(onFirstDemand: {}, onDemand: { demands.withLock { $0 += 1 } })
    }
    let first = CountingSink(limit: 2)
    async let firstEnd: Void = body.deliver(to: first)
    while await !isTaking(body) { await loop.run() }
    #expect(try await !push("a", to: body))
    #expect(try await !push("b", to: body))
    #expect(try await push("c", to: body), "nobody takes it: the socket has to rest")
    await loop.run()
    try await firstEnd
    #expect(first.taken.withLock { $0 } == ["a", "b"])
    let before = demands.withLock { $0 }
    let second = CountingSink(limit: 9)
    async let secondEnd: Void = body.deliver(to: second)
    while await !isTaking(body) { await loop.run() }
    #expect(demands.withLock { $0 } == before + 1)
    #expect(try await !push("d", to: body))
    try await loop.executeInContext { body.finish() }
    try await secondEnd
    #expect(second.taken.withLock { $0 } == ["c", "d"])
    await loop.shutdownGracefully()
  }

  @Test("the parser of trailers gets the section that came, or an empty one")
  func trailers() async throws {
    for fields in [nil, [.contentType: "x"]] as [HTTPFields?] {
      let body = ChannelBody(loop)
      #expect(try body.trailingChecksum() == nil)
      let seen = Locked<HTTPFields?>(nil)
      body.parseTrailers = { fields throws(ProblemError) in
        seen.withLock { $0 = fields }
        return nil
      }
      try await loop.executeInContext {
        body.prepare(onFirstDemand: {}, onDemand: {})
        body.finish(trailers: fields)
      }
      #expect(body.trailers == fields)
      _ = try body.trailingChecksum()
      #expect(seen.withLock { $0 } == fields ?? [:])
    }
    await loop.shutdownGracefully()
  }

  private func isTaking(_ body: ChannelBody) async -> Bool {
    (try? await loop.executeInContext { body.isTaking }) ?? false
  }
}
