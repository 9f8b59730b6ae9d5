import Hummingbird
import Platform
import Uploads
import Vocabulary

/// What came of one file part.
struct FormResult: Sendable {
  let name: String
  let filename: String
  var upload: UploadView?
  var problem: ProblemError?

  fileprivate var json: JSONValue {
    [
      "name": .string(name), "filename": .string(filename),
      "upload": upload.map(Self.json) ?? .null, "error": problem.map(ItemProblem.json) ?? .null,
    ]
  }

  private static func json(_ upload: UploadView) -> JSONValue {
    let path = "/files/\(upload.id)"
    return [
      "id": .string(upload.id.text), "state": .string(upload.state.rawValue),
      "offset": .integer(upload.offset), "length": .count(upload.length), "digest": .text(upload.digest?.hex),
      "_links": .links(["self": path, "digest": "\(path)/digest", "verify": "\(path)/verify"]),
    ]
  }
}

/// The results of all file parts in their order, as the JSON they are answered with.
struct FormResults: Sendable {
  private(set) var count = 0
  private(set) var stored = 0
  private(set) var firstUpload: UploadID?
  private(set) var firstProblem: ProblemError?
  private var text: ResultText

  init(_ budget: ByteBudget) { text = ResultText(budget) }

  /// - Throws: `ProblemError` of `ResultText`.
  mutating func append(_ result: FormResult) throws(ProblemError) {
    count += 1
    if let upload = result.upload { (stored, firstUpload) = (stored + 1, firstUpload ?? upload.id) }
    firstProblem = firstProblem ?? result.problem
    try text.append(result.json)
  }

  /// The whole answer.
  func body(patience: Duration) -> ResponseBody {
    text.body(after: #"{"items":["#, before: "]}\n", patience: patience)
  }
}
