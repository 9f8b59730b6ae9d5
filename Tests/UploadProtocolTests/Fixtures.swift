import HTTPTypes
import UploadProtocol
import Vocabulary

let anID = "01jd8zqv7k3m5n9pxr2tw4y6ab"
let contentType = "application/offset+octet-stream"

/// A head that speaks tus 1.0.0; `fields` are added, `nil` takes one away.
func tusHead(
  _ method: HTTPRequest.Method, _ path: String, _ fields: [HTTPField.Name: String?] = [:],
  hasBody: Bool = false
) -> UploadRequestHead {
  var all: HTTPFields = [.tusResumable: "1.0.0"]
  for (name, value) in fields { all[name] = value }
  return UploadRequestHead(method: method, path: path, headerFields: all, hasBody: hasBody)
}

/// A PATCH of five bytes at offset 3, and what is changed of it.
func patch(_ fields: [HTTPField.Name: String?] = [:]) -> UploadRequestHead {
  let usual: [HTTPField.Name: String?] = [
    .contentType: contentType, .uploadOffset: "3", .contentLength: "5",
  ]
  return tusHead(.patch, "/files/\(anID)", usual.merging(fields) { $1 }, hasBody: true)
}

/// A POST that creates an upload of eleven bytes, and what is changed of it.
func post(_ fields: [HTTPField.Name: String?] = [:], hasBody: Bool = false) -> UploadRequestHead {
  tusHead(.post, "/files/", [HTTPField.Name.uploadLength: "11"].merging(fields) { $1 }, hasBody: hasBody)
}

func refusal(of head: UploadRequestHead, by dialect: any UploadDialect = TusDialect()) -> ProblemError? {
  do throws(ProblemError) {
    _ = try dialect.interpret(head)
    return nil
  } catch {
    return error
  }
}

func creation(_ head: UploadRequestHead) throws -> CreateIntent? {
  guard case .create(let intent) = try TusDialect().interpret(head) else { return nil }
  return intent
}

func append(_ head: UploadRequestHead) throws -> AppendIntent? {
  guard case .append(_, let intent) = try TusDialect().interpret(head) else { return nil }
  return intent
}

func view(
  _ state: UploadState = .receiving, offset: Int64 = 7, length: Int64? = 11, expiresAt: Timestamp? = nil
) -> UploadView {
  UploadView(
    id: UploadID(anID)!, state: state, offset: offset, length: length, metadata: .none, expiresAt: expiresAt,
    digest: nil)
}

func render(
  _ outcome: UploadOutcome, for head: UploadRequestHead = post(), options: DialectOptions = .init()
) -> UploadResponse {
  TusDialect(options: options).render(
    outcome, for: head,
    in: ResponseContext(requestID: "r-1", now: Timestamp(milliseconds: 0), location: { "/files/\($0)" }))
}

/// SplitMix64: the same bytes for the same seed, everywhere.
struct SeededGenerator: RandomNumberGenerator {
  private var state: UInt64
  init(seed: UInt64) { state = seed }

  mutating func next() -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    var z = state
    z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
    z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
    return z ^ (z >> 31)
  }

  mutating func bytes(upTo count: Int) -> [UInt8] {
    (0..<Int.random(in: 0...count, using: &self)).map { _ in UInt8.random(in: 0...255, using: &self) }
  }

  /// Text that comes near to what a parser expects: mostly characters of `alphabet`, now and then any byte.
  mutating func text(of alphabet: String, upTo count: Int) -> String {
    let bytes = Array(alphabet.utf8)
    return String(
      decoding: (0..<Int.random(in: 0...count, using: &self)).map { _ in
        Int.random(in: 0..<40, using: &self) == 0
          ? UInt8.random(in: 0...255, using: &self) : bytes.randomElement(using: &self)!
      }, as: UTF8.self)
  }
}
