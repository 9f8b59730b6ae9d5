import HTTPTypes
import Testing
import UploadProtocol
import Vocabulary

extension HeadVector {
  func head() throws -> UploadRequestHead {
    var fields = HTTPFields()
    for line in headers {
      fields.append(HTTPField(name: try #require(HTTPField.Name(line[0])), value: line[1]))
    }
    return UploadRequestHead(
      method: try #require(HTTPRequest.Method(method)), path: path, headerFields: fields,
      hasBody: hasBody ?? false)
  }
}

extension OptionsVector? {
  var dialect: TusDialect { TusDialect(options: .init(maximumSizeBytes: self?.maximumSizeBytes)) }
}

extension IntentVector {
  func value() throws -> UploadIntent {
    switch kind {
    case "discover": return .discover
    case "inspect": return .inspect(try uploadID())
    case "terminate": return .terminate(try uploadID())
    case "create":
      return .create(
        CreateIntent(
          length: length, metadata: try metadata?.value() ?? .none, hasContent: hasContent ?? false,
          contentLength: contentLength, checks: .checksum(try checksum?.value())))
    case "append":
      return .append(
        try uploadID(),
        AppendIntent(
          offset: try #require(offset), length: length, contentLength: contentLength,
          checks: .checksum(try checksum?.value())))
    default: throw UnknownWord(word: kind)
    }
  }
  private func uploadID() throws -> UploadID { try #require(UploadID(id ?? "")) }
}

extension IntentVector.Metadata {
  func value() throws -> UploadMetadata { UploadMetadata(raw: raw, pairs: try metadataPairs(pairs)) }
}

extension IntentVector.Checksum {
  func value() throws -> Checksum {
    let algorithm = try #require(ChecksumAlgorithm(rawValue: algorithm))
    let decoded = try #require(Hexadecimal.decode(bytes))
    return try #require(Checksum(algorithm: algorithm, bytes: decoded))
  }
}

extension OutcomeVector {
  func value() throws -> UploadOutcome {
    let seen = try view?.value()
    switch kind {
    case "discovered": return .discovered
    case "created": return .created(try #require(seen), receivedContent: receivedContent ?? false)
    case "inspected": return .inspected(try #require(seen))
    case "appended": return .appended(try #require(seen))
    case "terminated": return .terminated
    case "refused":
      let problem = try #require(Problem(rawValue: code ?? ""))
      let error = ProblemError(
        problem, detail: try #require(detail), members: (members ?? [:]).compactMapValues(\.member))
      return .refused(error, view: seen)
    default: throw UnknownWord(word: kind)
    }
  }
}

extension OutcomeVector.View {
  func value() throws -> UploadView {
    UploadView(
      id: try #require(UploadID(id)), state: try #require(UploadState(rawValue: state)), offset: offset,
      length: length, metadata: try metadata?.value() ?? .none,
      expiresAt: expiresAt.map { Timestamp(milliseconds: $0) }, digest: digest.flatMap { Digest(hex: $0) })
  }
}

extension JSONValue {
  fileprivate var member: ProblemMember? {
    switch self {
    case .integer(let value): .integer(value)
    case .text(let value): .text(value)
    default: nil
    }
  }
}

func metadataPairs(_ pairs: [[String]]) throws -> [UploadMetadata.Pair] {
  try pairs.map { UploadMetadata.Pair(key: $0[0], value: try #require(Hexadecimal.decode($0[1]))) }
}

struct UnknownWord: Error {
  var word: String
}
