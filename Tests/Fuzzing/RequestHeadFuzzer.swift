import Foundation
import HTTPTypes
import UploadProtocol
import Vocabulary

/// The input is a head as HTTP/1.1 writes it: `METHOD path`, then `Name: value` lines. An empty last line says that a
/// body follows.
@_cdecl("LLVMFuzzerTestOneInput")
public func checkRequestHead(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
  guard let head = parse(FuzzInput(start, count).lines()) else { return -1 }
  checkRoute(head)
  for limit in [nil, 1000] as [Int64?] { check(head, DialectOptions(maximumSizeBytes: limit)) }
  return 0
}

private func parse(_ lines: [ArraySlice<UInt8>]) -> UploadRequestHead? {
  let start = (lines.first ?? []).split(separator: UInt8(ascii: " "), maxSplits: 1)
  guard start.count == 2, let method = HTTPRequest.Method(text(start[0])) else { return nil }
  var fields = HTTPFields()
  for line in lines.dropFirst() {
    let parts = line.split(separator: UInt8(ascii: ":"), maxSplits: 1, omittingEmptySubsequences: false)
    guard parts.count == 2, let name = HTTPField.Name(text(parts[0])) else { continue }
    fields.append(HTTPField(name: name, value: text(parts[1].drop { $0 == UInt8(ascii: " ") })))
  }
  let hasBody =
    lines.last?.isEmpty == true || fields.contains(.transferEncoding)
    || (fields[.contentLength] ?? "0") != "0"
  return UploadRequestHead(method: method, path: text(start[1]), headerFields: fields, hasBody: hasBody)
}

/// What a path is taken for, it says literally.
private func checkRoute(_ head: UploadRequestHead) {
  let literal: String
  switch head.route {
  case .collection: literal = head.path.utf8.starts(with: "/files/".utf8) ? "/files/" : "/files"
  case .upload(let id): literal = "/files/\(id)"
  case .view(let id, let name): literal = "/files/\(id)/\(name)"
  case .batch: literal = "/files/batch"
  case .named(let name):
    precondition(head.path.utf8.starts(with: "/files/".utf8), "only what is below the base has a name")
    let parts = name.utf8.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
    precondition(!parts.contains { $0.isEmpty || $0.elementsEqual(".".utf8) || $0.elementsEqual("..".utf8) })
    precondition(!name.utf8.contains(0) && !name.utf8.contains(UInt8(ascii: "\\")), "a name is no other path")
    return
  case .nothing:
    precondition(head.path.utf8.starts(with: "/files/".utf8), "only what is below the base names nothing")
    return
  case .outside: return
  }
  precondition(head.path.utf8.starts(with: literal.utf8), "nothing but a name is decoded")
  let next = head.path.utf8.dropFirst(literal.utf8.count).first
  precondition(next == nil || "?#".utf8.contains(next ?? 0), "the path ends where the route does")
}

private func check(_ head: UploadRequestHead, _ options: DialectOptions) {
  guard let choice = DialectChoice(head) else { return }
  let dialect = choice.dialect(options)
  checkOverride(head, choice, options)
  switch result({ () throws(ProblemError) in try dialect.interpret(head) }) {
  case .failure(let error): checkRefusal(error, of: head, dialect)
  case .success(let intent):
    precondition(!head.isAmbiguouslyFramed, "a body of two lengths is never taken")
    if intent == .discover { return }
    if let again = canonical(intent, choice) {
      precondition(DialectChoice(again) == choice)
      precondition(
        result({ () throws(ProblemError) in try dialect.interpret(again) }).value == intent,
        "an intent written down is the same intent")
    }
    checkLimits(intent, options)
    if choice == .tus { checkAnswer(to: intent, of: head, dialect) }
  }
}

/// An override is the method itself: whatever is decided by the method, it cannot get around it.
private func checkOverride(_ head: UploadRequestHead, _ choice: DialectChoice, _ options: DialectOptions) {
  guard let method = try? head.effectiveMethod(), method != head.method else { return }
  var direct = head
  direct.method = method
  direct.headerFields[.methodOverride] = nil
  precondition(DialectChoice(direct) == choice, "an override is the method itself")
  let dialect = choice.dialect(options)
  let one = result { () throws(ProblemError) in try dialect.interpret(head) }
  let other = result { () throws(ProblemError) in try dialect.interpret(direct) }
  precondition(one.value == other.value && one.flaw == other.flaw, "an override is the method itself")
}

private func checkLimits(_ intent: UploadIntent, _ options: DialectOptions) {
  switch intent {
  case .discover, .inspect, .terminate: break
  case .create(let creation):
    precondition((creation.length ?? 0) >= 0 && (creation.contentLength ?? 0) >= 0)
    precondition(creation.length ?? 0 <= options.maximumSizeBytes ?? .max, "the limit holds")
    precondition(creation.hasContent || creation.checks.checksums.isEmpty || creation.completion == .later)
    precondition((creation.idempotencyKey?.utf8.count ?? 1) <= 255)
    guard case .final(let parts, _) = creation.concatenation else { break }
    precondition((1...1000).contains(parts.count) && creation.length == nil && !creation.hasContent)
  case .append(_, let append):
    precondition(append.offset >= 0 && (append.length ?? 0) >= 0 && (append.contentLength ?? 0) >= 0)
  }
}

/// The plainest request with this intent; `nil` for plain uploads, whose intents are made by several fields.
private func canonical(_ intent: UploadIntent, _ choice: DialectChoice) -> UploadRequestHead? {
  switch choice {
  case .tus: canonical(intent)
  case .ietf(let version): canonical(intent, version)
  case .plain: nil
  }
}

private func canonical(_ intent: UploadIntent, _ version: DraftVersion) -> UploadRequestHead? {
  var head = UploadRequestHead(method: .head, path: "/files")
  head.headerFields[.uploadDraftInteropVersion] = version.interopVersion.map { String($0) }
  switch intent {
  case .discover: return nil
  // Only the version's number marks these; without one they are nobody's.
  case .inspect(let id, _), .terminate(let id):
    guard version.interopVersion != nil || version.speaksTusToo else { return nil }
    head.path += "/\(id)"
    if case .terminate = intent { head.method = .delete }
  case .create(let creation):
    head.method = .post
    add(creation.completion, creation.length, creation.contentLength, creation.checks, version, to: &head)
    head.hasBody = creation.completion == .later ? creation.hasContent : creation.contentLength != 0
    head.headerFields[.uploadMetadata] = creation.metadata.raw
    addKey(creation.idempotencyKey, to: &head)
  case .append(let id, let append):
    head.method = .patch
    head.path += "/\(id)?query"
    head.headerFields[.uploadOffset] = String(append.offset)
    head.headerFields[.contentType] = version.appendMediaType
    add(append.completion, append.length, append.contentLength, append.checks, version, to: &head)
    head.hasBody = append.contentLength != 0
  }
  return head
}

private func add(
  _ completion: UploadCompletion, _ length: Int64?, _ contentLength: Int64?, _ checks: ContentChecks,
  _ version: DraftVersion, to head: inout UploadRequestHead
) {
  let isComplete = completion == .withRequest
  head.headerFields[version.completenessField] = isComplete != version.completenessIsInverted ? "?1" : "?0"
  if version.hasLength, !isComplete || contentLength == nil {
    head.headerFields[.uploadLength] = length.map { String($0) }
  }
  head.headerFields[.contentLength] = contentLength.map { String($0) }
  for checksum in checks.checksums { append(checksum, to: .contentDigest, of: &head) }
  if checks.hasTrailer { head.headerFields[.trailer] = "Content-Digest" }
  addDigests(checks.fileDigests, to: &head)
  if checks.wantsFileDigest { head.headerFields[.wantReprDigest] = "sha-256=1" }
}

private func append(_ digest: Checksum, to name: HTTPField.Name, of head: inout UploadRequestHead) {
  let words: [ChecksumAlgorithm: String] = [
    .sha256: "sha-256", .sha512: "sha-512", .sha1: "sha", .md5: "md5",
  ]
  let value = "\(words[digest.algorithm] ?? "")=:\(Base64.encode(digest.bytes)):"
  head.headerFields.append(HTTPField(name: name, value: value))
}

/// A field has one digest of an algorithm; a second one can only have come in the other field.
private func addDigests(_ digests: [Checksum], to head: inout UploadRequestHead) {
  var taken = Set<ChecksumAlgorithm>()
  var isFull = false
  for digest in digests {
    isFull = isFull || !taken.insert(digest.algorithm).inserted
    append(digest, to: isFull ? HTTPField.Name("Repr-Digest")! : .uploadDigest, of: &head)
  }
}

private func addKey(_ key: String?, to head: inout UploadRequestHead) {
  guard let key else { return }
  let escaped = key.map { "\"\\".contains($0) ? "\\\($0)" : String($0) }.joined()
  head.headerFields[.idempotencyKey] = "\"\(escaped)\""
}

/// The plainest request with this intent.
private func canonical(_ intent: UploadIntent) -> UploadRequestHead {
  var head = UploadRequestHead(method: .options, path: "/files", headerFields: [.tusResumable: "1.0.0"])
  switch intent {
  case .discover: break
  case .create(let creation):
    head.method = .post
    head.headerFields[.uploadLength] = creation.length.map { String($0) }
    if creation.length == nil { head.headerFields[.uploadDeferLength] = "1" }
    if case .final = creation.concatenation { head.headerFields[.uploadDeferLength] = nil }
    head.headerFields[.uploadConcat] = creation.concatenation.map(UploadConcatParser.render)
    head.headerFields[.uploadMetadata] = creation.metadata.raw
    addDigests(creation.checks.fileDigests, to: &head)
    addKey(creation.idempotencyKey, to: &head)
    if creation.hasContent {
      addContent(creation.contentLength, creation.checks, to: &head)
      head.hasBody = true
    }
  case .inspect(let id, _):
    head.method = .head
    head.path += "/\(id)"
  case .append(let id, let append):
    head.method = .patch
    head.path += "/\(id)?query"
    head.headerFields[.uploadOffset] = String(append.offset)
    head.headerFields[.uploadLength] = append.length.map { String($0) }
    addContent(append.contentLength, append.checks, to: &head)
    addDigests(append.checks.fileDigests, to: &head)
  case .terminate(let id):
    head.method = .delete
    head.path += "/\(id)#fragment"
  }
  return head
}

private func addContent(_ length: Int64?, _ checks: ContentChecks, to head: inout UploadRequestHead) {
  head.headerFields[.contentType] = "Application/Offset+Octet-Stream ; charset=none"
  head.headerFields[.contentLength] = length.map { String($0) }
  head.headerFields[.uploadChecksum] = checks.checksums.first.map {
    "\($0.algorithm) \(Base64.encode($0.bytes))"
  }
  if checks.hasTrailer { head.headerFields[.trailer] = "Upload-Checksum" }
  head.hasBody = length != 0
}

/// What HEAD tells of a new upload is what its creation said.
private func checkAnswer(to intent: UploadIntent, of head: UploadRequestHead, _ dialect: any UploadDialect) {
  guard case .create(let creation) = intent else { return }
  let view = UploadView(
    id: UploadID(milliseconds: 1, random: [UInt8](repeating: 7, count: 10)), state: .created, offset: 0,
    length: creation.length, metadata: creation.metadata, expiresAt: nil, digest: nil)
  if case .final = creation.concatenation { return }
  let asked = UploadRequestHead(method: .head, path: "/files/\(view.id)")
  let answer = dialect.render(.inspected(view), for: asked, in: responseContext)
  let fields = answer.head.headerFields
  precondition(fields.integer(.uploadLength) == (creation.length.map { .value($0) } ?? .absent))
  precondition((fields[.uploadDeferLength] == "1") == (creation.length == nil))
  let told = fields[.uploadMetadata].map { raw in
    result { () throws(ProblemError) in try UploadMetadataParser.parse(raw) }.value
  }
  precondition(told ?? .some(.none) == creation.metadata, "metadata is echoed as it came")
  let created = dialect.render(
    .created(view, receivedContent: creation.hasContent), for: head, in: responseContext)
  precondition(created.head.status == .created && created.body.isEmpty)
  checkFields(of: created)
}

private func checkRefusal(_ error: ProblemError, of head: UploadRequestHead, _ dialect: any UploadDialect) {
  precondition((400..<500).contains(error.problem.status), "a head is its sender's fault")
  let response = dialect.render(.refused(error, view: nil), for: head, in: responseContext)
  precondition(response.head.status.code == error.problem.status)
  checkFields(of: response)
  guard head.method != .head else { return precondition(response.body.isEmpty) }
  precondition(response.head.headerFields[.contentLength] == String(response.body.count))
  let document = try? JSONSerialization.jsonObject(with: Data(response.body)) as? [String: Any]
  precondition(document?["code"] as? String == error.problem.code, "a problem is a JSON document")
  let detail = document?["detail"] as? String ?? ""
  precondition(isSame(detail, error.detail), "JSON keeps the detail")
  precondition(detail.unicodeScalars.allSatisfy { $0.value >= 0x20 && $0.value != 0x7f }, "nothing controls")
  precondition(document?["instance"] == nil || (document?["instance"] as? String)?.utf8.count == 33)
}

private func checkFields(of response: UploadResponse) {
  for field in response.head.headerFields {
    precondition(HTTPField.isValidValue(field.value), "a field's value is one line")
  }
}

extension Result where Failure == ProblemError {
  fileprivate var value: Success? { try? get() }
  fileprivate var flaw: String? {
    guard case .failure(let error) = self else { return nil }
    return error.description
  }
}

private let responseContext = ResponseContext(
  requestID: "request", now: Timestamp(milliseconds: 0), location: { "/files/\($0)" })
