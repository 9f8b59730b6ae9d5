import Hummingbird
import Platform
import Vocabulary

/// What became of one item.
struct BatchResult: Sendable {
  enum Status: String, Sendable { case stored, exists, superseded, refused }
  /// As the archive names it, fit to be shown.
  let path: String
  let status: Status
  var upload: UploadView?
  var problem: ProblemError?

  static func stored(_ path: BundlePath, _ upload: UploadView) -> BatchResult {
    BatchResult(path: path.text, status: .stored, upload: upload)
  }
  static func exists(_ path: BundlePath, _ upload: UploadView) -> BatchResult {
    BatchResult(path: path.text, status: .exists, upload: upload)
  }
  static func superseded(_ path: BundlePath, _ upload: UploadView) -> BatchResult {
    BatchResult(path: path.text, status: .superseded, upload: upload)
  }
  static func refused(_ path: String, _ problem: ProblemError) -> BatchResult {
    BatchResult(path: path, status: .refused, problem: problem)
  }

  var json: JSONValue {
    [
      "path": .string(path), "status": .string(status.rawValue), "upload": .text(upload?.id.text),
      "digest": .text(upload?.digest?.hex), "error": problem.map(ItemProblem.json) ?? .null,
    ]
  }
}

/// The results of all items in their order, as the JSON they are answered with.
struct BatchResults: Sendable {
  static let maximumCount = 100_000

  private(set) var stored = 0
  private(set) var exists = 0
  private(set) var superseded = 0
  private(set) var refused = 0
  private var text: ResultText

  init(_ budget: ByteBudget) { text = ResultText(budget) }

  var count: Int { stored + exists + superseded + refused }

  /// - Throws: `ProblemError` of `ResultText`.
  mutating func append(_ result: BatchResult) throws(ProblemError) {
    switch result.status {
    case .stored: stored += 1
    case .exists: exists += 1
    case .superseded: superseded += 1
    case .refused: refused += 1
    }
    try text.append(result.json)
  }

  /// The whole answer.
  func body(push: JSONValue, error: JSONValue, patience: Duration) -> ResponseBody {
    text.body(
      after:
        #"{"push":\#(push.encoded),"stored":\#(stored),"exists":\#(exists),"superseded":\#(superseded),"refused":\#(refused),"error":\#(error.encoded),"items":["#,
      before: "]}\n", patience: patience)
  }
}
