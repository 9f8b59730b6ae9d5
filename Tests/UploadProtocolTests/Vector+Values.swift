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
      authority: authority, hasBody: hasBody ?? false)
  }
}

extension OptionsVector? {
  var value: DialectOptions {
    DialectOptions(
      maximumSizeBytes: self?.maximumSizeBytes, maximumAppendBytes: self?.maximumAppendBytes,
      sendsInterimToFinal: self?.sendsInterimToFinal ?? false, ownOrigins: self?.ownOrigins ?? [])
  }
}

extension DialectChoice {
  /// What the vectors call it.
  var word: String {
    switch self {
    case .tus: "tus"
    case .plain: "plain"
    case .ietf(.unmarked): "unmarked"
    case .ietf(.unnumberedThree): "ietf-3-unnumbered"
    case .ietf(let version): version.interopVersion.map { "ietf-\($0)" } ?? "ietf"
    }
  }
}

extension IntentVector {
  func value() throws -> UploadIntent {
    switch kind {
    case "discover": return .discover
    case "inspect": return .inspect(try uploadID(), completes: completes ?? true)
    case "terminate": return .terminate(try uploadID())
    case "create":
      return .create(
        CreateIntent(
          length: length, metadata: try metadata?.value() ?? .none, hasContent: hasContent ?? false,
          contentLength: contentLength, checks: try checks(), completion: try completionValue(),
          overflow: try overflowValue(), concatenation: try concatenation?.value(),
          idempotencyKey: idempotencyKey))
    case "append":
      return .append(
        try uploadID(),
        AppendIntent(
          offset: try #require(offset), length: length, contentLength: contentLength, checks: try checks(),
          completion: try completionValue(), overflow: try overflowValue()))
    default: throw UnknownWord(word: kind)
    }
  }
  private func checks() throws -> ContentChecks {
    ContentChecks(
      checksums: try (checksums ?? checksum.map { [$0] } ?? []).map { try $0.value() },
      hasTrailer: hasTrailer ?? false, fileDigests: try (fileDigests ?? []).map { try $0.value() },
      wantsFileDigest: wantsFileDigest ?? false)
  }
  private func completionValue() throws -> UploadCompletion {
    switch completion {
    case nil, "atLength": .atLength
    case "withRequest": .withRequest
    case "later": .later
    case let word?: throw UnknownWord(word: word)
    }
  }
  private func overflowValue() throws -> OverflowRule {
    switch overflow {
    case nil, "refuse": .refuse
    case "invalidate": .invalidate
    case let word?: throw UnknownWord(word: word)
    }
  }
  private func uploadID() throws -> UploadID { try #require(UploadID(id ?? "")) }
}

extension ConcatenationVector {
  func value() throws -> Concatenation {
    switch kind {
    case "partial": return .partial
    case "final":
      let ids = try (parts ?? []).map { try #require(UploadID($0)) }
      return .final(parts: ids, raw: try #require(raw))
    default: throw UnknownWord(word: kind)
    }
  }
}

extension InterimVector.Notice {
  func value() throws -> UploadNotice {
    switch kind {
    case "created": return .created(try #require(try view?.value()))
    case "progressed":
      return .progressed(try #require(UploadID(id ?? "")), offset: try #require(offset))
    default: throw UnknownWord(word: kind)
    }
  }
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
      expiresAt: expiresAt.map { Timestamp(milliseconds: $0) }, digest: digest.flatMap { Digest(hex: $0) },
      concatenation: try concatenation?.value(), isAssembling: isAssembling ?? false)
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
