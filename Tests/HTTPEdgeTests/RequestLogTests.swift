import HTTPEdge
import Logging
import Platform
import Testing
import Vocabulary

@Suite struct RequestLogTests {
  private static let id = "01k5x2v7n8g3q4r5s6t7v8w9xy"

  @Test("B-34 a log line names a resource without giving its id away")
  func ids() {
    let text = "upload \(Self.id) at \"/files/\(Self.id)/digest\" of push-\(Self.id).log"
    let short = RequestLog.shorteningIDs(text)
    #expect(!short.contains(Self.id))
    #expect(short == "upload 01k5x2v7n8g3q… at \"/files/01k5x2v7n8g3q…/digest\" of push-01k5x2v7n8g3q….log")
    #expect(
      RequestLog.shorteningIDs("nothing to hide: ünïcode \(Self.id)x")
        == "nothing to hide: ünïcode \(Self.id)x")
    #expect(RequestLog.shorteningIDs("") == "")
  }

  @Test("B-34 the route of an upload has no id")
  func routes() {
    #expect(RequestLog.route(ofUpload: "/files/?x") == "/files/")
    #expect(RequestLog.route(ofUpload: "/files/\(Self.id)") == "/files/{id}")
    #expect(RequestLog.route(ofUpload: "/files/\(Self.id)/digest?to=1") == "/files/{id}/digest")
    #expect(RequestLog.route(ofUpload: "/files/../x") == "none")
  }

  @Test("a failed request is one line with its id: information for 4xx, an error for 5xx")
  func lines() {
    let lines = Locked<[(Logger.Level, Logger.Metadata)]>([])
    let log = RequestLog(Logger(label: "test") { _ in Recorder(lines: lines) })
    log.failed(
      ProblemError(.notFound, detail: "there is no upload \(Self.id)"), method: "GET", route: "/files/{id}",
      requestID: "r1")
    log.failed(
      ProblemError(.storageFault, detail: "d"), method: "GET", route: "r", requestID: "r2", cause: "why")
    let found = lines.withLock { $0 }
    #expect(found.map(\.0) == [.info, .error])
    #expect(found.first?.1["request"] == "r1")
    #expect(found.first?.1["route"] == "/files/{id}")
    #expect(found.first?.1["detail"] == "there is no upload 01k5x2v7n8g3q…")
    #expect(found.last?.1["cause"] == "why")
    #expect(found.last?.1["request"] == "r2")
  }
}

private struct Recorder: LogHandler {
  let lines: Locked<[(Logger.Level, Logger.Metadata)]>
  var metadata: Logger.Metadata = [:]
  var logLevel = Logger.Level.trace

  subscript(metadataKey key: String) -> Logger.Metadata.Value? {
    get { metadata[key] }
    set { metadata[key] = newValue }
  }

  func log(event: LogEvent) { lines.withLock { $0.append((event.level, event.metadata ?? [:])) } }
}
