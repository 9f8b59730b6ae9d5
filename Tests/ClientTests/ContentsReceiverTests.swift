import AsyncHTTPClient
import Client
import Foundation
import Platform
import TestSupport
import Testing
import Vocabulary

@Suite struct ContentsReceiverTests {
  private static let files = ["a", "b/empty", "b/c", "d"]
  private static let contents = ["first", "", "the second", "third"]

  private func receive(
    _ answer: @escaping @Sendable (_ paths: [String], _ request: Int) throws -> FakeAnswer
  ) async throws -> (arrived: [String], requests: [[String]]) {
    let requests = Locked<[[String]]>([])
    let gateway = FakeGateway(instead: { request in
      let body = try JSONDecoder().decode([String: [String]].self, from: Data(request.body))
      let paths = body["paths"] ?? []
      let number = requests.withLock { requests in
        requests.append(paths)
        return requests.count
      }
      #expect(request.line == "POST /api/v1/repos/r/bundles/latest/contents")
      return try answer(paths, number)
    })
    let server = try ServerURL("http://gateway:8773")
    let receiver = ContentsReceiver(
      api: GatewayAPI(server: server, transport: gateway), bundle: try BundleAddress("r@latest"),
      retrier: Retrier(
        server: server, policy: RetryPolicy(budgetSeconds: 60),
        pacer: Pacer(now: { 0 }, sleep: { _ in }, random: { 0 })))
    let files = try zip(Self.files, Self.contents).map {
      ContentsReceiver.File(path: try BundlePath($0), size: Int64($1.utf8.count))
    }
    var arrived: [String] = []
    try await receiver.receive(files) { items in
      for item in items {
        #expect(item.index == arrived.count)
        arrived.append(String(decoding: item.bytes, as: UTF8.self))
      }
    }
    return (arrived, requests.withLock { $0 })
  }

  private static func body(_ paths: [String]) -> [UInt8] {
    paths.flatMap { path in Array(contents[files.firstIndex(of: path) ?? 0].utf8) }
  }

  @Test("D31 many small files come in one answer, empty ones included")
  func one() async throws {
    let (arrived, requests) = try await receive { paths, _ in
      FakeAnswer(status: 200, body: Self.body(paths))
    }
    #expect(arrived == Self.contents && requests == [Self.files])
  }

  @Test(
    "D31 after an answer that ends early only the files that are not whole are asked for", arguments: 0...19)
  func endsEarly(byte: Int) async throws {
    let (arrived, requests) = try await receive { paths, number in
      FakeAnswer(status: 200, body: number == 1 ? Array(Self.body(paths).prefix(byte)) : Self.body(paths))
    }
    #expect(arrived == Self.contents)
    #expect(requests.count == 2)
    let whole = byte < 5 ? 0 : byte < 15 ? 2 : 3
    #expect(requests.last == Array(Self.files.dropFirst(whole)))
  }

  @Test("D31 a server in trouble is asked again, one that refuses is not")
  func refusals() async throws {
    let (arrived, requests) = try await receive { paths, number in
      number == 1 ? FakeAnswer(status: 503) : FakeAnswer(status: 200, body: Self.body(paths))
    }
    #expect(arrived == Self.contents && requests.count == 2)
    await #expect(throws: ClientError.self) { try await receive { _, _ in .problem("not-found", 404) } }
  }

  @Test("D31 an answer with more bytes than the files have is an error")
  func tooMuch() async throws {
    let error = await #expect(throws: ClientError.self) {
      try await receive { paths, _ in FakeAnswer(status: 200, body: Self.body(paths) + [0]) }
    }
    #expect(error?.retryable == false)
  }
}
