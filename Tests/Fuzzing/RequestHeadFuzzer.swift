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
  for limit in [nil, 1000] as [Int64?] {
    check(head, TusDialect(options: .init(maximumSizeBytes: limit)))
  }
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
  case .nothing:
    precondition(head.path.utf8.starts(with: "/files/".utf8), "only what is below the base names nothing")
    return
  case .outside: return
  }
  precondition(head.path.utf8.starts(with: literal.utf8), "nothing in a path is decoded")
  let next = head.path.utf8.dropFirst(literal.utf8.count).first
  precondition(next == nil || "?#".utf8.contains(next ?? 0), "the path ends where the route does")
}

private func check(_ head: UploadRequestHead, _ dialect: TusDialect) {
  checkOverride(head, dialect)
  switch result({ () throws(ProblemError) in try dialect.interpret(head) }) {
  case .failure(let error): checkRefusal(error, of: head, dialect)
  case .success(let intent):
    precondition(!head.isAmbiguouslyFramed, "a body of two lengths is never taken")
    if intent == .discover { return }
    precondition(DialectChoice(head) == .tus, "what tus understands is given to it")
    let again = canonical(intent)
    precondition(
      result({ () throws(ProblemError) in try dialect.interpret(again) }).value == intent,
      "an intent written down is the same intent")
    checkLimits(intent, dialect)
    checkAnswer(to: intent, of: head, dialect)
  }
}

/// An override is the method itself: whatever is decided by the method, it cannot get around it.
private func checkOverride(_ head: UploadRequestHead, _ dialect: TusDialect) {
  guard let method = try? head.effectiveMethod(), method != head.method else { return }
  var direct = head
  direct.method = method
  direct.headerFields[.methodOverride] = nil
  let one = result { () throws(ProblemError) in try dialect.interpret(head) }
  let other = result { () throws(ProblemError) in try dialect.interpret(direct) }
  precondition(one.value == other.value && one.flaw == other.flaw, "an override is the method itself")
}

private func checkLimits(_ intent: UploadIntent, _ dialect: TusDialect) {
  switch intent {
  case .discover, .inspect, .terminate: break
  case .create(let creation):
    precondition((creation.length ?? 0) >= 0 && (creation.contentLength ?? 0) >= 0)
    precondition(creation.length ?? 0 <= dialect.options.maximumSizeBytes ?? .max, "the limit holds")
    precondition(creation.hasContent || creation.checks == .none, "a checksum is of content")
  case .append(_, let append):
    precondition(append.offset >= 0 && (append.length ?? 0) >= 0 && (append.contentLength ?? 0) >= 0)
  }
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
    head.headerFields[.uploadMetadata] = creation.metadata.raw
    if creation.hasContent {
      addContent(creation.contentLength, creation.checks.checksums.first, to: &head)
      head.hasBody = true
    }
  case .inspect(let id):
    head.method = .head
    head.path += "/\(id)"
  case .append(let id, let append):
    head.method = .patch
    head.path += "/\(id)?query"
    head.headerFields[.uploadOffset] = String(append.offset)
    head.headerFields[.uploadLength] = append.length.map { String($0) }
    addContent(append.contentLength, append.checks.checksums.first, to: &head)
  case .terminate(let id):
    head.method = .delete
    head.path += "/\(id)#fragment"
  }
  return head
}

private func addContent(_ length: Int64?, _ checksum: Checksum?, to head: inout UploadRequestHead) {
  head.headerFields[.contentType] = "Application/Offset+Octet-Stream ; charset=none"
  head.headerFields[.contentLength] = length.map { String($0) }
  head.headerFields[.uploadChecksum] = checksum.map { "\($0.algorithm) \(Base64.encode($0.bytes))" }
  head.hasBody = length != 0
}

/// What HEAD tells of a new upload is what its creation said.
private func checkAnswer(to intent: UploadIntent, of head: UploadRequestHead, _ dialect: TusDialect) {
  guard case .create(let creation) = intent else { return }
  let view = UploadView(
    id: UploadID(milliseconds: 1, random: [UInt8](repeating: 7, count: 10)), state: .created, offset: 0,
    length: creation.length, metadata: creation.metadata, expiresAt: nil, digest: nil)
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
    .created(view, receivedContent: creation.hasContent), for: head, in: responseContext
  ) { "/files/\($0)" }
  precondition(created.head.status == .created && created.body.isEmpty)
  checkFields(of: created)
}

private func checkRefusal(_ error: ProblemError, of head: UploadRequestHead, _ dialect: TusDialect) {
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
